"""Requests from a client: new connections in order, and what each of them met."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from errno import ECONNREFUSED
from pathlib import Path

from clusters.errors import WorldError
from harness.kube.client import ExecResult, Kube

PROGRAM = (Path(__file__).parent / "pod" / "requests.py").read_text()
CLOCK = ("python3", "-c", "import time; print(time.time())")
"""The program that prints a client's wall clock. Another machine's may differ from it by more than a request takes."""


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


FIRST_RETRANSMISSION_US = 950_000
"""When Linux sends a SYN again that was not answered: after a second (RFC 6298), counted in ticks of its timer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one connection met. `at_s` is the client's wall clock at its end, `latency_us` the time from its beginning.

    `status` is the HTTP status, None if no HTTP answer came; `ok` is an answer with 200. `body` is what was answered,
    under any status. `errno` is the number of the error, None where it has none (a time-out).

    `connect_us` is how long it took to connect, or to fail at it; None for a datagram. `syn_retransmits` is how often
    the kernel sent the SYN again until then, `retransmits` how often it sent any segment again (TCP_INFO, tcp(7)).
    Linux sends a SYN again after one second, so that within the time-out of two seconds a connection whose first
    packet was lost still succeeds.
    """

    ok: bool
    body: str
    error: str
    latency_us: int
    at_s: float
    status: int | None = None
    errno: int | None = None
    connect_us: int | None = None
    syn_retransmits: int = 0
    retransmits: int = 0

    @property
    def refused(self) -> bool:
        """The connection, or datagram, was refused: the client need not wait for a time-out."""
        return self.errno == ECONNREFUSED

    @property
    def delayed(self) -> bool:
        """It was answered, but its first packet or the reply to that was lost.

        Only a SYN that was sent again because its time was up counts. Linux sends one again at once where an earlier
        connection of the same ports, still held by the backend, has answered it (`tcp_rcv_synsent_state_process` in
        https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp_input.c): nothing was lost then. Nor need data be lost
        that is sent again: the kernel probes for a lost tail after some 200 ms without an acknowledgement (RFC 8985),
        which a busy host reaches by chance. And latency alone does not tell a lost packet from a client that had no
        processor.
        """
        return self.ok and self.syn_retransmits > 0 and (self.connect_us or 0) >= FIRST_RETRANSMISSION_US


def read_replies(result: ExecResult, who: str) -> tuple[Reply, ...]:
    """One reply a line. Raises `WorldError` if the client itself failed."""
    if result.exit_code != 0:
        raise WorldError(f"client {who} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout)
    return tuple(Reply(**json.loads(line)) for line in result.stdout.splitlines())


def read_clock_s(result: ExecResult, who: str) -> float:
    """Return what `CLOCK` printed. Raises `WorldError` if the client itself failed."""
    if result.exit_code != 0:
        raise WorldError(f"client {who} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout)
    return float(result.stdout)


def hit(kube: Kube, namespace: str, pod: str, request: Request) -> tuple[Reply, ...]:
    """Make the request from a client pod."""
    result = kube.exec(namespace, pod, request.argv, timeout_s=request.limit_s)
    return read_replies(result, f"{namespace}/{pod}")


def lost(replies: Iterable[Reply]) -> list[str]:
    """Return the errors of connections that got no answer."""
    return [reply.error for reply in replies if not reply.ok]


def delayed(replies: Iterable[Reply]) -> list[str]:
    """Return in words the connections that got an answer only after their SYN had been sent again."""
    return [
        f"connected after {(reply.connect_us or 0) / 1e6:.1f} s, SYN retransmitted {reply.syn_retransmits} times"
        for reply in replies
        if reply.delayed
    ]


def bodies(replies: tuple[Reply, ...]) -> Counter[str]:
    """How often each answer came; failures do not count."""
    return Counter(reply.body for reply in replies if reply.ok)
