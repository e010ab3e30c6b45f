"""Runs in a client pod (or beside the cluster), by Debian's Python alone: new connections, one after another.

Reads one JSON object from its argument, the fields of `harness.traffic.requests.Request`. Prints one JSON line
a connection, in order: the fields of `harness.traffic.requests.Reply`.
"""

import contextlib
import json
import socket
import struct
import sys
import time
from typing import Any

TCP_INFO_BYTES, TOTAL_RETRANS_OFFSET = 104, 100
"""`tcpi_total_retrans` is the last field of struct tcp_info as Linux 2.6 had it (include/uapi/linux/tcp.h)."""


def main() -> None:
    wish = json.loads(sys.argv[1])
    for number in range(wish["count"]):
        if number:
            time.sleep(wish["spacing_s"])  # the caller's pace
        print(json.dumps(attempt(wish)), flush=True)


def attempt(wish: dict[str, Any]) -> dict[str, Any]:
    """Make one connection and return what it met."""
    ask = {"http": ask_http, "udp": ask_udp}[wish["protocol"]]
    reply: dict[str, Any] = {"ok": False, "body": "", "error": "", "errno": None, "status": None, "connect_us": None}
    start_s = time.monotonic()
    try:
        ask(wish, reply)
        reply["ok"] = True
    except OSError as failure:
        reply.update(error=f"{type(failure).__name__}: {failure}", errno=failure.errno)
    reply["latency_us"] = us_since(start_s)
    reply["at_s"] = time.time()
    return reply


def ask_http(wish: dict[str, Any], reply: dict[str, Any]) -> None:
    """Send one GET on a connection of its own. Raises `OSError`, also for an answer that is not 200 OK."""
    (*_, target), *_ = socket.getaddrinfo(wish["host"], wish["port"], socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as connection:
        connection.settimeout(wish["timeout_s"])
        connection.bind((wish["source"], wish["source_port"]))
        start_s = time.monotonic()
        try:
            connection.connect(target)
        finally:
            reply["connect_us"] = us_since(start_s)
            reply["syn_retransmits"] = reply["retransmits"] = retransmissions(connection)
        if wish["reset"]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request = f"GET {wish['path']} HTTP/1.0\r\nHost: {wish['virtual_host'] or wish['host']}\r\n\r\n"
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


def status_of(head: bytes) -> int | None:
    """Return the status of an HTTP answer's head; None for one that is no HTTP."""
    version, _, rest = head.partition(b" ")
    status = rest[:3]
    return int(status) if version.startswith(b"HTTP/") and len(status) == 3 and status.isdigit() else None


def ask_udp(wish: dict[str, Any], reply: dict[str, Any]) -> None:
    """Send one datagram from a socket of its own and receive the answer."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams:
        datagrams.settimeout(wish["timeout_s"])
        datagrams.bind((wish["source"], wish["source_port"]))
        datagrams.connect((wish["host"], wish["port"]))
        datagrams.send(wish["path"].lstrip("/").encode())
        reply["body"] = datagrams.recv(65536).decode(errors="replace")


def retransmissions(connection: socket.socket) -> int:
    """Return how many segments of the connection the kernel has sent again so far, its SYN included."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    (count,) = struct.unpack_from("=I", info, TOTAL_RETRANS_OFFSET)
    return int(count)


def us_since(start_s: float) -> int:
    return round((time.monotonic() - start_s) * 1e6)


if __name__ == "__main__":
    main()
