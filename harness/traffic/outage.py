"""The longest time during which connections of one client failed, from replies in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from harness.traffic.requests import Reply


@dataclass(frozen=True, slots=True)
class Outage:
    """A series of failed connections.

    It lasted at least from the start of its first failed connection to the start of its last (`at_least_ms`), and at
    most from the start of the last good connection before it to the start of the first one after it (`at_most_ms`).
    """

    failed: int
    at_least_ms: float
    at_most_ms: float


def longest_outage(replies: Iterable[Reply]) -> Outage | None:
    """Return the outage with the most time for certain, or None if no connection failed.

    A connection whose first packet was lost counts as failed. Outages that the traffic began or ended with have no
    upper limit: their `at_most_ms` is infinite.
    """
    attempts = [(reply.at_s - reply.latency_us / 1e6, reply.ok and not reply.delayed) for reply in replies]
    good = [number for number, (_, ok) in enumerate(attempts) if ok]
    found = []
    for before, after in pairwise([-1, *good, len(attempts)]):
        failed = [start_s for start_s, _ in attempts[before + 1 : after]]
        if not failed:
            continue
        bounded = before >= 0 and after < len(attempts)
        at_most_s = attempts[after][0] - attempts[before][0] if bounded else float("inf")
        found.append(Outage(len(failed), round(1e3 * (failed[-1] - failed[0]), 3), round(1e3 * at_most_s, 3)))
    return max(found, key=lambda outage: (outage.at_least_ms, outage.failed), default=None)
