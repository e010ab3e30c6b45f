"""Runs in a client pod, by Debian's Python alone: connections that stay open, each asked again and again.

Reads one JSON object from its argument: `host`, `port`, how many connections (`count`), the pause between two rounds
of asking (`spacing_s`), after how long to end in any case (`limit_s`), and two paths: a file that it makes once each
connection was opened and asked (`open`), and one whose appearance ends it, after a last round (`enough`).
Prints one JSON line a connection, in the order of their opening, the fields of `harness.traffic.persistent.PersistentConnection`.
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
"""`tcpi_total_retrans` is the last field of struct tcp_info as Linux 2.6 had it (include/uapi/linux/tcp.h)."""


class Held:
    """One connection."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection(wish["host"], wish["port"], timeout=TIMEOUT_S)
        self.told: dict[str, Any] = {"body": "", "answers": 0, "error": "", "slowest_us": 0, "retransmits": 0}
        self._try(self._connection.connect)
        # What is lost shall not be opened again.
        self._connection.auto_open = 0
        self._socket = self._connection.sock
        self._at_first = self._retransmissions() or 0

    def ask(self) -> None:
        if self.told["error"]:
            return
        start_s = time.monotonic()
        self._try(self._ask)
        self.told["slowest_us"] = max(self.told["slowest_us"], round((time.monotonic() - start_s) * 1e6))
        so_far = self._retransmissions()
        if so_far is not None:
            self.told["retransmits"] = so_far - self._at_first

    def _retransmissions(self) -> int | None:
        """Return how many segments the kernel has sent again so far; None if the connection is closed."""
        if self._socket is None or self._socket.fileno() < 0:
            return None
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        (count,) = struct.unpack_from("=I", info, TOTAL_RETRANS_OFFSET)
        return int(count)

    def _ask(self) -> None:
        self._connection.request("GET", "/hostname")
        body = self._connection.getresponse().read().decode(errors="replace")
        self.told["body"] = self.told["body"] or body
        self.told["answers"] += 1

    def _try(self, step: Any) -> None:
        try:
            step()
        except (OSError, http.client.HTTPException) as failure:
            self.told["error"] = f"{type(failure).__name__}: {failure}"


def main() -> None:
    wish = json.loads(sys.argv[1])
    end_s = time.monotonic() + wish["limit_s"]
    held = []
    for _ in range(wish["count"]):
        held.append(Held(wish))
        held[-1].ask()
    Path(wish["open"]).touch()
    last = told_to_end = False
    while not last:
        time.sleep(wish["spacing_s"])  # the caller's pace
        told_to_end = Path(wish["enough"]).exists()
        last = told_to_end or time.monotonic() > end_s
        for one in held:
            one.ask()
    for one in held:
        print(json.dumps({**one.told, "cut_short": not told_to_end}))


if __name__ == "__main__":
    main()
