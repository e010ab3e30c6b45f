"""Steady traffic while something changes: it lasts at least as long as a block, or the case gets an error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from clusters.errors import WorldError
from clusters.host.clock import Clock, SystemClock
from harness.traffic.requests import Reply, Request, delayed, lost

BURST = 50
LIMIT = 30_000
"""The largest number of connections, in case a block hangs.

At one connection every 20 ms they last ten minutes. The longest wait of a block is six minutes: two deadlines of a
restart of kube-proxy.
"""


class TrafficTooShort(WorldError):
    """Traffic that reached its limit before the change that it had to cover was over.

    This is an environment error: the harness stopped too early and did not observe Kubernetes during the whole change.
    """


class Sender(Protocol):
    """A client, inside or outside the cluster."""

    @property
    def label(self) -> str:
        """Return the name of the client in messages, after the word "client"."""

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections and return the replies in order."""


@dataclass(slots=True)
class Traffic:
    """The replies so far; complete once the block has ended."""

    replies: list[Reply] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """Return the errors of the connections that failed."""
        return lost(self.replies)

    @property
    def delayed(self) -> list[str]:
        """Return, in words, the connections that succeeded only after a retransmitted SYN."""
        return delayed(self.replies)

    @property
    def summary(self) -> str:
        """Return how many connections were made, lost and delayed, for the evidence of a claim or a finding."""
        return (
            f"of {len(self.replies)} connections, {len(self.lost)} failed and {len(self.delayed)} succeeded only after "
            "a retransmitted SYN"
        )


@contextmanager
def steady_traffic(
    client: Sender, request: Request, *, limit: int = LIMIT, clock: Clock | None = None
) -> Iterator[Traffic]:
    """Repeat `request` in bursts from before the block begins until after it has ended.

    Raises the client's error before the block begins if the client has failed by then, and `TrafficTooShort` if `limit`
    connections were made before the block had ended.
    """
    clock = clock or SystemClock()
    traffic, block_ended, started = Traffic(), threading.Event(), threading.Event()

    def send() -> float | None:
        """Send bursts until one has begun after the end of the block; if `limit` comes first, return the seconds."""
        begin_s = clock.monotonic()
        while len(traffic.replies) < limit:
            last = block_ended.is_set()
            traffic.replies += client.send(replace(request, count=BURST))
            started.set()
            if last:
                return None
        return clock.monotonic() - begin_s

    with ThreadPoolExecutor(1) as background:
        sending = background.submit(send)
        try:
            while not started.wait(timeout=1.0) and not sending.done():
                continue
            if sending.done():
                sending.result()  # raises the error of a client that failed
            begin_s = clock.monotonic()
            yield traffic
            block_s = clock.monotonic() - begin_s
        finally:
            block_ended.set()
        sent_s = sending.result()
    if sent_s is not None:
        raise TrafficTooShort(
            f"the traffic of client {client.label} to {request.host}:{request.port} ended at its limit of {limit} "
            f"connections after {sent_s:.1f} s (planned for at least {limit * request.spacing_s:.1f} s), before the "
            f"change that it had to cover, which took {block_s:.1f} s",
            remedy="change less within one block, or raise LIMIT in harness/traffic/steady.py",
        )
