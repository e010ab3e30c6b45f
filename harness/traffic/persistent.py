"""Connections that stay open while something else happens, and are asked all the while who is at their other end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from clusters.errors import WorldError
from harness.kube.client import ExecResult
from harness.kube.wait import wait_until
from harness.traffic.client import Client
from harness.traffic.steady import TrafficTooShort

PROGRAM = (Path(__file__).parent / "pod" / "held.py").read_text()
SPACING_S = 0.2
OPEN_DEADLINE_S = 30.0
LIMIT_S = 600.0
"""So that a block that hangs does not hold them for ever. The longest wait of a block is six minutes: two deadlines of
a restart of kube-proxy."""

STALL_US = 1_000_000
"""Linux sends data again some 200 ms after it was lost, then after twice the time: what takes a second was lost more
than once. A kernel whose rules are gone for a moment does that; one packet lost by chance does not."""


@dataclass(frozen=True, slots=True)
class PersistentConnection:
    """`body` is what answered first, `answers` how many came, `error` what broke the connection, "" if nothing did.

    `slowest_us` is the longest time to an answer, `retransmits` how many segments the kernel sent again once it was
    open, and `cut_short` says that it was closed before anybody asked for that.
    """

    body: str
    answers: int
    error: str
    slowest_us: int
    retransmits: int
    cut_short: bool

    @property
    def stalled(self) -> bool:
        """It lasted, but for a while its packets were lost."""
        return not self.error and self.retransmits > 0 and self.slowest_us >= STALL_US


@dataclass(slots=True)
class PersistentConnections:
    """What became of the connections; complete once the block has ended."""

    connections: tuple[PersistentConnection, ...] = field(default_factory=tuple)

    @property
    def broken(self) -> list[str]:
        """The errors of connections that did not last."""
        return [held.error for held in self.connections if held.error]

    @property
    def stalled(self) -> list[str]:
        """Connections, in words, that lasted but whose packets were lost for a while."""
        return [
            f"an answer took {held.slowest_us / 1e6:.1f} s, with {held.retransmits} segments sent again"
            for held in self.connections
            if held.stalled
        ]

    @property
    def retransmits(self) -> int:
        """How many segments were sent again on open connections, together."""
        return sum(held.retransmits for held in self.connections)


@contextmanager
def persistent_connections(client: Client, host: str, port: int, count: int) -> Iterator[PersistentConnections]:
    """Hold `count` connections, opened one after the other, from before the block begins until after it has ended.

    Raises `TrafficTooShort` if they were closed before the block had ended.
    """
    holding, name = PersistentConnections(), f"/tmp/held-{uuid4().hex}"
    paths = {"open": f"{name}-open", "enough": f"{name}-enough"}
    wish = {"host": host, "port": port, "count": count, "spacing_s": SPACING_S, "limit_s": LIMIT_S, **paths}

    def hold() -> ExecResult:
        argv = ("python3", "-c", PROGRAM, json.dumps(wish))
        return client.kube.exec(client.namespace, client.name, argv, timeout_s=LIMIT_S + OPEN_DEADLINE_S)

    with ThreadPoolExecutor(1) as background:
        running = background.submit(hold)
        try:
            wait_until(
                f"{count} connections of {client.label} to {host}:{port} open",
                lambda: running.done() or client.run("ls", paths["open"]).exit_code == 0,
                bool,
                deadline_s=OPEN_DEADLINE_S,
            )
            yield holding
        finally:
            client.run("touch", paths["enough"])
        holding.connections = read_connections(running.result(), client.label)
    require_whole(holding, f"the {count} connections that client {client.label} held to {host}:{port}")


def require_whole(holding: PersistentConnections, what: str) -> None:
    """Raise `TrafficTooShort` if the connections were closed before anybody asked for that."""
    if any(held.cut_short for held in holding.connections):
        raise TrafficTooShort(
            f"{what} were closed at their limit of {LIMIT_S:.0f} s, before the change that they had to cover ended",
            remedy="change less within one block, or raise LIMIT_S in harness/traffic/persistent.py",
        )


def read_connections(result: ExecResult, who: str) -> tuple[PersistentConnection, ...]:
    """One connection a line. Raises `WorldError` if the client itself failed."""
    if result.exit_code != 0:
        raise WorldError(f"client {who} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout)
    return tuple(PersistentConnection(**json.loads(line)) for line in result.stdout.splitlines())
