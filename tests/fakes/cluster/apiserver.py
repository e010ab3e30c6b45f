"""A fake API server on the loopback. It sends scripted responses, records all requests and supports exec.

It uses real sockets, so that the real client is tested: paths, status codes, time-outs, lost connections.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from clusters.cluster import Cluster
from tests.fakes.cluster.owned import fake_cluster

ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""The string that a server appends to a client's key: RFC 6455, section 1.3."""
STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
Program = Callable[["Execution"], None]


class Execution:
    """The program's side of the websocket of one exec."""

    def __init__(self, argv: list[str], source: BinaryIO, sink: BinaryIO) -> None:
        self.argv = argv
        self._source = source
        self._sink = sink

    def say(self, channel: int, text: str) -> None:
        self._send(0x82, bytes([channel]) + text.encode())

    def end(self, status: Mapping[str, Any]) -> None:
        self.say(ERROR, json.dumps(status))
        self.hang_up()

    def hang_up(self) -> None:
        self._send(0x88, struct.pack(">H", 1000))

    def read_stdin(self) -> str:
        """Return the complete standard input."""
        text = b""
        while (frame := self._receive()) != bytes([CLOSE, STDIN]):
            assert frame[0] == STDIN
            text += frame[1:]
        return text.decode()

    def _send(self, head: int, payload: bytes) -> None:
        assert len(payload) < 126, "short frames are enough for a fake"
        self._sink.write(bytes([head, len(payload)]) + payload)
        self._sink.flush()

    def _receive(self) -> bytes:
        _, size = self._source.read(2)
        size &= 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._source.read(2))
        mask = self._source.read(4)
        return bytes(byte ^ mask[place % 4] for place, byte in enumerate(self._source.read(size)))


def exits(code: int) -> dict[str, Any]:
    """Return the status with which Kubernetes ends an exec whose program ended with exit code `code`."""
    if code == 0:
        return {"status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}


class FakeApiServer:
    """The script and the record of a fake API server.

    `answers` maps "GET /path" or "GET /path?query" to a document or to (status, document). "GET /path?watch" maps to a
    list with the events of the first, second, ... watch; later watches get no events. An event that is a string is sent
    as a line as it is.
    """

    def __init__(self, answers: Mapping[str, Any], program: Program | None = None) -> None:
        self.answers = dict(answers)
        self.program = program
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.hosts: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    """A handler of the requests to a fake API server."""

    protocol_version = "HTTP/1.1"
    # Head and body are written separately. With Nagle's algorithm the body would wait 40 ms for the head's ACK.
    disable_nagle_algorithm = True
    api: FakeApiServer

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        path, _, query = self.path.partition("?")
        self.api.asked.append(f"{self.command} {self.path}")
        self.api.bodies.append(json.loads(body) if body else None)
        self.api.hosts.append(self.headers.get("Host"))
        if self.headers.get("Upgrade") == "websocket" and self.api.program is not None:
            self.exec(self.api.program, [part[8:] for part in query.split("&") if part.startswith("command=")])
            return
        key = f"{self.command} {path}"
        if "watch=" in query:
            watches = self.api.answers[f"{key}?watch"]
            self.watch(watches.pop(0) if watches else [])
            return
        found = self.api.answers.get(f"{self.command} {self.path}") if query else None
        found = found or self.api.answers.get(key, (404, {"reason": "NotFound"}))
        status, document = found if isinstance(found, tuple) else (200, found)
        plain = isinstance(document, str)
        text = document.encode() if plain else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if plain else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def watch(self, events: list[Any]) -> None:
        """Send the events in chunks, as a real API server does, and end the response."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            line = (event if isinstance(event, str) else json.dumps(event)).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def exec(self, program: Program, argv: list[str]) -> None:
        self.close_connection = True
        proof = hashlib.sha1(f"{self.headers['Sec-WebSocket-Key']}{ACCEPT}".encode(), usedforsecurity=False).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(proof).decode())
        self.send_header("Sec-WebSocket-Protocol", "v5.channel.k8s.io")
        self.end_headers()
        # The client may close the connection before the program ends.
        with suppress(OSError):
            program(Execution(argv, self.rfile, self.wfile))  # type: ignore[arg-type]

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""


@contextmanager
def serving(api: FakeApiServer, directory: Path) -> Iterator[Cluster]:
    """Run `api` as a server, and yield a cluster whose kubeconfig, in `directory`, names it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"api": api})) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield cluster_at(f"http://127.0.0.1:{server.server_port}", directory)
        finally:
            server.shutdown()
            thread.join()


def cluster_at(url: str, directory: Path) -> Cluster:
    """Return a cluster whose API server is at `url`."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "fake", "user": {}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return replace(fake_cluster(), kubeconfig=path)
