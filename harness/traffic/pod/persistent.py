"""A program for client pods that needs only Debian's Python: it sends requests on persistent connections.

Its argument is one JSON object: `host`, `port`, the source port (`source_port`, 0 for any), the number of connections
(`count`), the pause between two rounds of requests (`spacing_s`), the time limit (`limit_s`), and two paths. The
program creates the file `open` once it has opened each connection and sent a request on it. It sends a last round of
requests and ends once the file `enough` exists. It prints one JSON line per connection, in the order in which they were
opened, with the fields of `harness.traffic.persistent.PersistentConnection`.
"""

import http.client
import json
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

TIMEOUT_S = 5.0
TCP_INFO_BYTES, TOTAL_RETRANS_OFFSET = 104, 100
"""The size of struct tcp_info in Linux 2.6, and the offset of its last field, `tcpi_total_retrans`
(include/uapi/linux/tcp.h)."""


class PersistentConnection:
    """A connection and its record."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection(plan["host"], plan["port"], timeout=TIMEOUT_S)
        self.record: dict[str, Any] = {"body": "", "answers": 0, "error": "", "slowest_us": 0, "retransmits": 0}
        # A lost connection must not be opened again.
        self._connection.auto_open = 0
        self._socket: socket.socket | None = None
        self._try(lambda: self._connect(plan))
        self._retransmissions_at_start = self._retransmissions() or 0

    def _connect(self, plan: dict[str, Any]) -> None:
        self._socket = self._connection.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(TIMEOUT_S)
        # Connections to different addresses may come from the same port if all of them say so.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("", plan["source_port"]))
        self._socket.connect((plan["host"], plan["port"]))

    def send_request(self) -> None:
        if self.record["error"]:
            return
        start_s = time.monotonic()
        self._try(self._get_hostname)
        self.record["slowest_us"] = max(self.record["slowest_us"], round((time.monotonic() - start_s) * 1e6))
        so_far = self._retransmissions()
        if so_far is not None:
            self.record["retransmits"] = so_far - self._retransmissions_at_start

    def _retransmissions(self) -> int | None:
        """Return how many segments the kernel has retransmitted so far; None if the connection is closed."""
        if self._socket is None or self._socket.fileno() < 0:
            return None
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        (count,) = struct.unpack_from("=I", info, TOTAL_RETRANS_OFFSET)
        return int(count)

    def _get_hostname(self) -> None:
        self._connection.request("GET", "/hostname")
        body = self._connection.getresponse().read().decode(errors="replace")
        self.record["body"] = self.record["body"] or body
        self.record["answers"] += 1

    def _try(self, step: Any) -> None:
        try:
            step()
        except (OSError, http.client.HTTPException) as failure:
            self.record["error"] = f"{type(failure).__name__}: {failure}"


def main() -> None:
    plan = json.loads(sys.argv[1])
    end_s = time.monotonic() + plan["limit_s"]
    connections = []
    for _ in range(plan["count"]):
        connections.append(PersistentConnection(plan))
        connections[-1].send_request()
    Path(plan["open"]).touch()
    last = end_requested = False
    while not last:
        time.sleep(plan["spacing_s"])  # the pause that the caller asked for
        end_requested = Path(plan["enough"]).exists()
        last = end_requested or time.monotonic() > end_s
        for connection in connections:
            connection.send_request()
    for connection in connections:
        print(json.dumps({**connection.record, "cut_short": not end_requested}))


if __name__ == "__main__":
    main()
