"""Open-loop arrivals: requests are intended to start at a fixed rate, however long the answers take.

Each starts at a random moment of an interval of its own. At equal distances, arrivals would meet a kernel's timer tick
in a few phases only, and what the host does at regular intervals always or never.

A closed-loop generator waits for an answer before it sends the next request. It sends less when answers are slow, and
so misses the latencies of the requests that it did not send (coordinated omission: Tene 2013, "How NOT to Measure
Latency"; https://github.com/giltene/wrk2#acknowledgements).
"""

import random
import time
from collections import Counter
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

HIGHEST_US, DIGITS = 60_000_000, 3
"""The range and precision of histograms."""

MISSED_AFTER_S = 1.0
"""A request that would start later than this after its intended start is not sent; it counts as missed."""

LATE_S = 0.005
"""A request that starts later than this after its intended start counts as late: the generator was slow."""


@dataclass(frozen=True)
class Target:
    """An address and port to send requests to, and its label in results.

    `request_kind` is the kind of its requests, the plan's if that is None. `source_ports` are the first and the last
    port from which connections to it come, None for any.
    """

    label: str
    address: str
    port: int
    request_kind: str | None = None
    source_ports: tuple[int, int] | None = None


@dataclass(frozen=True)
class Arrival:
    """One planned request: its target, its intended start (time.monotonic) and the number of the block it lies in."""

    target: Target
    intended_s: float
    block: int


class Schedule:
    """The arrivals of a plan, taken one by one.

    Targets take turns in rounds: each round contains every target once, in a random order of its own.
    """

    def __init__(self, targets, rate_per_s, duration_s, block_s, seed, start_s, clock=time.monotonic):
        self.start_s = start_s
        self.count = int(rate_per_s * duration_s)
        self.late = 0
        self.lateness = HdrHistogram(1, HIGHEST_US, DIGITS)
        self._rate_per_s = rate_per_s
        self._block_s = block_s
        self._clock = clock
        generator = random.Random(seed)
        self._order = self._rounds(targets, generator)
        self._moments = random.Random(generator.random())
        self._next = 0

    def _rounds(self, targets, generator):
        while True:
            round_ = list(targets)
            generator.shuffle(round_)
            yield from round_

    def take(self):
        """Return the next arrival that can still start in time, or None after the last one; and the missed ones.

        The latter is the number of arrivals skipped before it because they could not start in time, by block.
        """
        missed = Counter()
        while self._next < self.count:
            intended_s = self.start_s + (self._next + self._moments.random()) / self._rate_per_s
            arrival = Arrival(next(self._order), intended_s, self._block_of(self._next))
            self._next += 1
            if self._clock() - intended_s <= MISSED_AFTER_S:
                return arrival, missed
            missed[arrival.block] += 1
        return None, missed

    def started(self, arrival, at_s):
        """Record that the request of an arrival started at `at_s`."""
        self.lateness.record_value(max(1, round((at_s - arrival.intended_s) * 1e6)))
        if at_s - arrival.intended_s > LATE_S:
            self.late += 1

    def planned(self):
        """Return how many arrivals lie in each block."""
        return Counter(map(self._block_of, range(self.count)))

    def _block_of(self, number):
        """Return the block of an arrival, by its number: the clock is rounded, so its time may lie in another block."""
        return int(number / self._rate_per_s / self._block_s)
