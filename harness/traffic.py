"""Steady traffic while something else happens: as long as a block lasts, so that it cannot end too early."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.kube.requests import Reply, Request

BURST = 50
LIMIT = 6000
"""Connections at most, so that a block that hangs does not send for ever."""


class Sender(Protocol):
    """A client, inside or outside the cluster."""

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections; replies in order."""


@dataclass(slots=True)
class Traffic:
    """What came back; complete once the block has ended."""

    replies: list[Reply] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """The errors of connections that got no answer."""
        return [reply.error for reply in self.replies if not reply.ok]


@contextmanager
def steady_traffic(client: Sender, request: Request) -> Iterator[Traffic]:
    """Repeat `request` in bursts from before the block begins until after it has ended."""
    traffic, enough, started = Traffic(), threading.Event(), threading.Event()

    def send() -> None:
        while len(traffic.replies) < LIMIT:
            last = enough.is_set()
            traffic.replies += client.send(replace(request, count=BURST))
            started.set()
            if last:
                return

    with ThreadPoolExecutor(1) as background:
        sending = background.submit(send)
        try:
            while not started.wait(timeout=1.0) and not sending.done():
                continue
            yield traffic
        finally:
            enough.set()
        sending.result()
