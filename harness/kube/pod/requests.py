"""Runs in a client pod (or beside the cluster), by Debian's Python alone: new connections, one after another.

Reads one JSON object from its argument, the fields of `harness.kube.requests.Request`. Prints one JSON line
a connection, in order: ok, body, error, latency_us, at_s.
"""

import contextlib
import json
import socket
import struct
import sys
import time
from typing import Any


def main() -> None:
    wish = json.loads(sys.argv[1])
    ask = {"http": ask_http, "udp": ask_udp}[wish["protocol"]]
    for number in range(wish["count"]):
        if number:
            time.sleep(wish["spacing_s"])  # the caller's pace
        start_s = time.monotonic()
        reply = {"ok": True, "body": "", "error": ""}
        try:
            reply["body"] = ask(wish)
        except OSError as failure:
            reply.update(ok=False, error=f"{type(failure).__name__}: {failure}")
        reply["latency_us"] = round((time.monotonic() - start_s) * 1e6)
        reply["at_s"] = time.time()
        print(json.dumps(reply), flush=True)


def ask_http(wish: dict[str, Any]) -> str:
    """One GET on a connection of its own; the body."""
    target, source = (wish["host"], wish["port"]), (wish["source"], wish["source_port"])
    with contextlib.closing(socket.create_connection(target, wish["timeout_s"], source)) as connection:
        if wish["reset"]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request = f"GET {wish['path']} HTTP/1.0\r\nHost: {wish['virtual_host'] or wish['host']}\r\n\r\n"
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ")[1:2]
    if status != [b"200"]:
        raise OSError(f"answered {head[:80]!r}")
    return body.decode(errors="replace")


def ask_udp(wish: dict[str, Any]) -> str:
    """One datagram from a socket of its own; the answer."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams:
        datagrams.settimeout(wish["timeout_s"])
        datagrams.bind((wish["source"], wish["source_port"]))
        datagrams.connect((wish["host"], wish["port"]))
        datagrams.send(wish["path"].lstrip("/").encode())
        return datagrams.recv(65536).decode(errors="replace")


if __name__ == "__main__":
    main()
