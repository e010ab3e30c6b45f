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
from harness.fixtures import Client
from harness.kube.client import ExecResult
from harness.kube.wait import wait_until

PROGRAM = (Path(__file__).parent / "kube" / "pod" / "held.py").read_text()
SPACING_S = 0.2
OPEN_DEADLINE_S = 30.0
LIMIT_S = 300.0
"""So that a block that hangs does not hold them for ever."""


@dataclass(frozen=True, slots=True)
class HeldConnection:
    """`body` is what answered first, `answers` how many came, `error` what broke the connection, "" if nothing did."""

    body: str
    answers: int
    error: str


@dataclass(slots=True)
class Holding:
    """What became of the connections; complete once the block has ended."""

    connections: tuple[HeldConnection, ...] = field(default_factory=tuple)

    @property
    def broken(self) -> list[str]:
        """The errors of connections that did not last."""
        return [held.error for held in self.connections if held.error]


@contextmanager
def held_connections(client: Client, host: str, port: int, count: int) -> Iterator[Holding]:
    """Hold `count` connections, opened one after the other, from before the block begins until after it has ended."""
    holding, name = Holding(), f"/tmp/held-{uuid4().hex}"
    paths = {"open": f"{name}-open", "enough": f"{name}-enough"}
    wish = {"host": host, "port": port, "count": count, "spacing_s": SPACING_S, "limit_s": LIMIT_S, **paths}

    def hold() -> ExecResult:
        argv = ("python3", "-c", PROGRAM, json.dumps(wish))
        return client.kube.exec(client.namespace, client.name, argv, timeout_s=LIMIT_S + OPEN_DEADLINE_S)

    with ThreadPoolExecutor(1) as background:
        running = background.submit(hold)
        try:
            wait_until(
                f"{count} connections of {client.namespace}/{client.name} to {host}:{port} open",
                lambda: running.done() or client.run("ls", paths["open"]).exit_code == 0,
                bool,
                deadline_s=OPEN_DEADLINE_S,
            )
            yield holding
        finally:
            client.run("touch", paths["enough"])
        holding.connections = read_held(running.result(), f"{client.namespace}/{client.name}")


def read_held(result: ExecResult, who: str) -> tuple[HeldConnection, ...]:
    """One connection a line. Raises `WorldError` if the client itself failed."""
    if result.exit_code != 0:
        raise WorldError(f"client {who} ended with {result.exit_code}: {result.stderr.strip()}", detail=result.stdout)
    return tuple(HeldConnection(**json.loads(line)) for line in result.stdout.splitlines())
