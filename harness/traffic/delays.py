"""Delayed connections of a case: those that succeeded only after a retransmitted SYN.

Cases about connections during a change assert that there are none. In other cases a delayed connection is reported but
fails nothing, because on a busy host a single packet can be late by chance.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from harness.traffic.requests import Reply
from reports.model.findings import DelayedConnectionsFinding

US_PER_S = 1e6


class DelayTally:
    """A counter of the delayed connections of all clients of one case. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections = 0
        self._delayed: list[Reply] = []

    def add(self, replies: Iterable[Reply]) -> None:
        """Count the connections among the replies. Datagrams do not count."""
        with self._lock:
            for reply in replies:
                self._connections += reply.connect_us is not None
                if reply.delayed:
                    self._delayed.append(reply)

    def finding(self, case: str) -> DelayedConnectionsFinding | None:
        """Return the finding about the case's delayed connections, or None if there were none."""
        with self._lock:
            if not self._delayed:
                return None
            slowest_us = max(reply.connect_us or 0 for reply in self._delayed)
            return DelayedConnectionsFinding(
                case=case, connections=self._connections, delayed=len(self._delayed), slowest_s=slowest_us / US_PER_S
            )
