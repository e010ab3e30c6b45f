"""A program for clients inside or outside the cluster that needs only Debian's Python: it makes new connections.

Its argument is one JSON object with the fields of `harness.traffic.requests.Request`. It prints one JSON line per
connection, in order, with the fields of `harness.traffic.requests.Reply`.
"""

import contextlib
import errno
import fcntl
import json
import random
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TCP_INFO_BYTES, TOTAL_RETRANS_OFFSET = 104, 100
"""The size of struct tcp_info in Linux 2.6, and the offset of its last field, `tcpi_total_retrans`
(include/uapi/linux/tcp.h)."""

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LAST_PORT = Path(tempfile.gettempdir()) / "kubeproof-last-source-port"
"""The source port of the client's latest connection; all runs of this program in one container share the file."""


def main() -> None:
    plan = json.loads(sys.argv[1])
    for number in range(plan["count"]):
        if number:
            time.sleep(plan["spacing_s"])  # the pause that the caller asked for
        print(json.dumps(attempt(plan)), flush=True)


def attempt(plan: dict[str, Any]) -> dict[str, Any]:
    """Make one connection, or send one datagram, and return the reply."""
    send = {"http": send_http, "udp": send_udp}[plan["protocol"]]
    reply: dict[str, Any] = {"ok": False, "body": "", "error": "", "errno": None, "status": None, "connect_us": None}
    start_s = time.monotonic()
    try:
        send(plan, reply)
        reply["ok"] = True
    except OSError as failure:
        reply.update(error=f"{type(failure).__name__}: {failure}", errno=failure.errno)
    reply["latency_us"] = us_since(start_s)
    reply["at_s"] = time.time()
    return reply


def send_http(plan: dict[str, Any], reply: dict[str, Any]) -> None:
    """Send one GET request on a new connection. Raises `OSError`, also for an answer that is not 200 OK."""
    (*_, target), *_ = socket.getaddrinfo(plan["host"], plan["port"], socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as connection:
        connection.settimeout(plan["timeout_s"])
        # Connections to different addresses may come from the same port if all of them say so.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if plan["source_port"]:
            connection.bind((plan["source"], plan["source_port"]))
        else:
            bind_to_next_port(connection, plan["source"])
        start_s = time.monotonic()
        try:
            connection.connect(target)
        finally:
            reply["connect_us"] = us_since(start_s)
            reply["syn_retransmits"] = reply["retransmits"] = retransmissions(connection)
        if plan["reset"]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request = f"GET {plan['path']} HTTP/1.0\r\nHost: {plan['virtual_host'] or plan['host']}\r\n\r\n"
        try:
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        finally:
            reply["retransmits"] = retransmissions(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    reply["status"] = status_of(head)
    if reply["status"] is not None:
        reply["body"] = body.decode(errors="replace")
    if reply["status"] != 200:
        raise OSError(f"answered {head[:80]!r}")


def bind_to_next_port(connection: socket.socket, source: str) -> None:
    """Bind the connection to the source port after the client's latest one, so that none comes twice within a case.

    Linux would choose one port for connections to two addresses now and then. ipvs cannot tell two such connections
    apart if both reach one backend, and one of them is lost: https://github.com/kubernetes/kubernetes/issues/107249
    """
    while True:
        try:
            connection.bind((source, next_port()))
        except OSError as failure:
            if failure.errno != errno.EADDRINUSE:  # a server of the node may listen there
                raise
        else:
            return


def next_port() -> int:
    """Return the port after the one in `LAST_PORT`, within the range of client ports; the first is a random one."""
    first, last = map(int, PORT_RANGE.read_text().split())
    with LAST_PORT.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        port = int(file.read() or random.randint(first, last)) + 1
        port = port if port <= last else first
        file.truncate(0)
        file.write(str(port))
    return port


def status_of(head: bytes) -> int | None:
    """Return the status from the head of an HTTP answer; None if it is not HTTP."""
    version, _, rest = head.partition(b" ")
    status = rest[:3]
    return int(status) if version.startswith(b"HTTP/") and len(status) == 3 and status.isdigit() else None


def send_udp(plan: dict[str, Any], reply: dict[str, Any]) -> None:
    """Send one datagram from a new socket and receive the answer."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams:
        datagrams.settimeout(plan["timeout_s"])
        datagrams.bind((plan["source"], plan["source_port"]))
        datagrams.connect((plan["host"], plan["port"]))
        datagrams.send(plan["path"].lstrip("/").encode())
        reply["body"] = datagrams.recv(65536).decode(errors="replace")


def retransmissions(connection: socket.socket) -> int:
    """Return how many segments of the connection, its SYN included, the kernel has retransmitted so far."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    (count,) = struct.unpack_from("=I", info, TOTAL_RETRANS_OFFSET)
    return int(count)


def us_since(start_s: float) -> int:
    return round((time.monotonic() - start_s) * 1e6)


if __name__ == "__main__":
    main()
