"""Persistent connections: they stay open while something changes, and requests are sent on them all the time."""

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

PROGRAM = (Path(__file__).parent / "pod" / "persistent.py").read_text()
SPACING_S = 0.2
OPEN_DEADLINE_S = 30.0
LIMIT_S = 600.0
"""The longest time that connections stay open, in case a block hangs.

The longest wait of a block is six minutes: two deadlines of a restart of kube-proxy.
"""

STALL_US = 1_000_000
"""The shortest time to an answer that counts as a stall.

Linux retransmits lost data after some 200 ms and then doubles that time, so an answer that takes a second lost packets
more than once. That happens if a kernel has no rules for a moment, but not if one packet is lost by chance.
"""


@dataclass(frozen=True, slots=True)
class PersistentConnection:
    """The record of one persistent connection.

    `body` is the first answer, `answers` the number of answers, and `error` the error that broke the connection, or "".
    `slowest_us` is the longest time to an answer, and `retransmits` the number of segments that the kernel
    retransmitted after the connection was open. `cut_short` is True if the connection reached `LIMIT_S`.
    """

    body: str
    answers: int
    error: str
    slowest_us: int
    retransmits: int
    cut_short: bool

    @property
    def stalled(self) -> bool:
        """Return whether the connection survived, but its packets were lost for a while."""
        return not self.error and self.retransmits > 0 and self.slowest_us >= STALL_US


@dataclass(slots=True)
class PersistentConnections:
    """The records of the connections, available once the block has ended."""

    connections: tuple[PersistentConnection, ...] = field(default_factory=tuple)

    @property
    def broken(self) -> list[str]:
        """Return the errors of the connections that broke."""
        return [connection.error for connection in self.connections if connection.error]

    @property
    def stalled(self) -> list[str]:
        """Return, in words, the connections that survived but whose packets were lost for a while."""
        return [
            f"an answer took {connection.slowest_us / 1e6:.1f} s, with {connection.retransmits} retransmitted segments"
            for connection in self.connections
            if connection.stalled
        ]

    @property
    def retransmits(self) -> int:
        """Return the number of retransmitted segments of all connections together."""
        return sum(connection.retransmits for connection in self.connections)


@contextmanager
def persistent_connections(
    client: Client, host: str, port: int, count: int, *, source_port: int = 0
) -> Iterator[PersistentConnections]:
    """Keep `count` connections open from before the block begins until after it has ended.

    They are opened one after the other. A single one may come from `source_port`; the kernel chooses one if that is 0.
    Raises `WorldError` before the block begins if the program in the client has failed, and `TrafficTooShort` if the
    connections were closed before the block had ended.
    """
    persistent, name = PersistentConnections(), f"/tmp/persistent-{uuid4().hex}"
    paths = {"open": f"{name}-open", "enough": f"{name}-enough"}
    plan = {"host": host, "port": port, "source_port": source_port, "count": count, **paths}
    plan |= {"spacing_s": SPACING_S, "limit_s": LIMIT_S}

    def run() -> ExecResult:
        argv = ("python3", "-c", PROGRAM, json.dumps(plan))
        return client.kube.exec(client.namespace, client.name, argv, timeout_s=LIMIT_S + OPEN_DEADLINE_S)

    with ThreadPoolExecutor(1) as background:
        running = background.submit(run)
        try:
            wait_until(
                f"{count} connections of {client.label} to {host}:{port} open",
                lambda: running.done() or client.run("ls", paths["open"]).exit_code == 0,
                bool,
                deadline_s=OPEN_DEADLINE_S,
            )
            if running.done():
                read_connections(running.result(), client.label)  # raises the error of a program that failed
            yield persistent
        finally:
            if not running.done():
                client.run("touch", paths["enough"])
        persistent.connections = read_connections(running.result(), client.label)
    require_complete(persistent, f"the {count} persistent connections of client {client.label} to {host}:{port}")


def require_complete(persistent: PersistentConnections, subject: str) -> None:
    """Raise `TrafficTooShort` if connections were closed at their time limit; `subject` names them in the message."""
    if any(connection.cut_short for connection in persistent.connections):
        raise TrafficTooShort(
            f"{subject} were closed at their limit of {LIMIT_S:.0f} s, before the change that they had to cover ended",
            remedy="change less within one block, or raise LIMIT_S in harness/traffic/persistent.py",
        )


def read_connections(result: ExecResult, client: str) -> tuple[PersistentConnection, ...]:
    """Parse one connection per line. Raises `WorldError` if the program in the client failed."""
    if result.exit_code != 0:
        raise WorldError(
            f"client {client} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout
        )
    return tuple(PersistentConnection(**json.loads(line)) for line in result.stdout.splitlines())
