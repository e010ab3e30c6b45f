"""Requests from a client: new connections in order, with one reply each."""

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
"""The program that prints a client's wall clock. The harness's own may differ from it by more than a request takes."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for `count` new connections to `host`:`port`, `spacing_s` apart. For "udp", the path is the message.

    `source` is the client's source address, if it has several. `source_port` is the source port of all connections;
    with 0, each connection of the client gets another one. `reset` closes connections with a RST. `virtual_host` is the
    value of the Host header, if it is not `host`.
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
        """Return the longest time that all connections together can take, in seconds."""
        return self.count * (self.spacing_s + self.timeout_s) + 20.0

    @property
    def argv(self) -> tuple[str, ...]:
        """Return the command that makes the connections in a container with Python."""
        return ("python3", "-c", PROGRAM, json.dumps(asdict(self)))


FIRST_RETRANSMISSION_US = 950_000
"""The shortest time after which Linux retransmits an unanswered SYN: one second (RFC 6298), less its timer's tick."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one connection or datagram.

    `latency_us` is its total time, and `at_s` the client's wall clock at its end. `ok` means an answer, for HTTP with
    status 200. `status` is the HTTP status, or None without an HTTP answer. `body` is the body of the answer, whatever
    its status. `errno` is the error's number, or None if it has none (a time-out).

    `connect_us` is the time until the connection was open or had failed; None for a datagram. `syn_retransmits` is the
    number of SYN retransmissions until then, `retransmits` that of all retransmissions (TCP_INFO, tcp(7)). Linux
    retransmits a SYN after one second, so a connection whose first packet was lost still succeeds within the time-out
    of two seconds.
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
        """Return whether the connection or datagram was refused, so that the client did not wait for a time-out."""
        return self.errno == ECONNREFUSED

    @property
    def delayed(self) -> bool:
        """Return whether the connection was answered, but only after its SYN, or the reply to the SYN, was lost.

        Only a SYN that was retransmitted after its time-out counts. These do not show a lost packet:

        - A SYN that is retransmitted at once. Linux does that if the backend still has an earlier connection with the
          same ports and answers the SYN with an ACK for that one (`tcp_rcv_synsent_state_process` in
          https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp_input.c).
        - Retransmitted data. The kernel sends a tail loss probe after some 200 ms without an acknowledgement
          (RFC 8985), and a busy host can be that slow by chance.
        - A high latency. The client may have had to wait for the CPU.
        """
        return self.ok and self.syn_retransmits > 0 and (self.connect_us or 0) >= FIRST_RETRANSMISSION_US


def read_replies(result: ExecResult, client: str) -> tuple[Reply, ...]:
    """Parse one reply per line. Raises `WorldError` if the program in the client failed."""
    if result.exit_code != 0:
        raise WorldError(
            f"client {client} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout
        )
    return tuple(Reply(**json.loads(line)) for line in result.stdout.splitlines())


def read_clock_s(result: ExecResult, client: str) -> float:
    """Parse the output of `CLOCK`, in Unix time. Raises `WorldError` if the program in the client failed."""
    if result.exit_code != 0:
        raise WorldError(
            f"client {client} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout
        )
    return float(result.stdout)


def send_from_pod(kube: Kube, namespace: str, pod: str, request: Request) -> tuple[Reply, ...]:
    """Make the request from a client pod and return the replies in order."""
    result = kube.exec(namespace, pod, request.argv, timeout_s=request.limit_s)
    return read_replies(result, f"{namespace}/{pod}")


def lost(replies: Iterable[Reply]) -> list[str]:
    """Return the errors of the connections that failed."""
    return [reply.error for reply in replies if not reply.ok]


def delayed(replies: Iterable[Reply]) -> list[str]:
    """Return, in words, the connections that succeeded only after a retransmitted SYN."""
    return [
        f"connected after {(reply.connect_us or 0) / 1e6:.1f} s, SYN retransmitted {reply.syn_retransmits} times"
        for reply in replies
        if reply.delayed
    ]


def bodies(replies: tuple[Reply, ...]) -> Counter[str]:
    """Return the number of replies by their body, without failed ones."""
    return Counter(reply.body for reply in replies if reply.ok)
