"""Requests from a client: new connections in order, and what each of them met."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from clusters.errors import WorldError
from harness.kube.client import ExecResult, Kube

PROGRAM = (Path(__file__).parent / "pod" / "requests.py").read_text()


@dataclass(frozen=True, slots=True)
class Request:
    """`count` new connections to `host`:`port`, `spacing_s` apart. For "udp" the path is the message.

    `source` is the client's own address to send from, where it has several; `source_port` its own port, the same
    for all connections (0: one of their own each); `reset` closes with a RST; `virtual_host` is the name to ask
    for, where that is not `host` itself.
    """

    host: str
    port: int
    count: int = 1
    path: str = "/hostname"
    protocol: str = "http"
    spacing_s: float = 0.0
    timeout_s: float = 2.0
    source: str = ""
    source_port: int = 0
    reset: bool = False
    virtual_host: str = ""

    @property
    def limit_s(self) -> float:
        """The longest that all of them can take."""
        return self.count * (self.spacing_s + self.timeout_s) + 20.0

    @property
    def argv(self) -> tuple[str, ...]:
        """The program that makes them, for a container with Python."""
        return ("python3", "-c", PROGRAM, json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Reply:
    """What one connection met. `at_s` is the client's wall clock at its end."""

    ok: bool
    body: str
    error: str
    latency_us: int
    at_s: float


def read_replies(result: ExecResult, who: str) -> tuple[Reply, ...]:
    """One reply a line. Raises `WorldError` if the client itself failed."""
    if result.exit_code != 0:
        raise WorldError(f"client {who} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout)
    return tuple(Reply(**json.loads(line)) for line in result.stdout.splitlines())


def hit(kube: Kube, namespace: str, pod: str, request: Request) -> tuple[Reply, ...]:
    """Make the request from a client pod."""
    result = kube.exec(namespace, pod, request.argv, timeout_s=request.limit_s)
    return read_replies(result, f"{namespace}/{pod}")


def bodies(replies: tuple[Reply, ...]) -> Counter[str]:
    """How often each answer came; failures do not count."""
    return Counter(reply.body for reply in replies if reply.ok)
