"""Open arrivals: the moments at which exchanges are meant to start stand at equal distances, whatever the answers do.

A generator that waits for an answer before it asks again sends less when the answers are slow, and does not see what
it did not send (Tene 2013, "How NOT to Measure Latency"; https://github.com/giltene/wrk2#acknowledgements).
"""

import random
import time
from collections import Counter
from dataclasses import dataclass

MISSED_AFTER_S = 1.0
"""An exchange that would start later than this after its moment is not begun: it is counted as missed."""

LATE_S = 0.005
"""A start later than this counts as late: the generator, not the network, was slow."""


@dataclass(frozen=True)
class Target:
    """An address and port under a name of the run's."""

    label: str
    address: str
    port: int


@dataclass(frozen=True)
class Arrival:
    """One exchange: its target, the moment at which it is meant to start, and the block of time in which that lies."""

    target: Target
    intended_s: float
    block: int


class Schedule:
    """A plan's arrivals, handed out one by one; targets come in rounds, each round in an order of its own."""

    def __init__(self, targets, rate_per_s, duration_s, block_s, seed, start_s, clock=time.monotonic):
        self.start_s = start_s
        self.count = int(rate_per_s * duration_s)
        self.late = 0
        self._rate_per_s = rate_per_s
        self._block_s = block_s
        self._clock = clock
        self._order = self._rounds(targets, random.Random(seed))
        self._next = 0

    def _rounds(self, targets, generator):
        while True:
            round_ = list(targets)
            generator.shuffle(round_)
            yield from round_

    def take(self):
        """The next arrival that can still start in time, None when all have been handed out; and how many of each
        block have been missed before it."""
        missed = Counter()
        while self._next < self.count:
            intended_s = self.start_s + self._next / self._rate_per_s
            self._next += 1
            arrival = Arrival(next(self._order), intended_s, int((intended_s - self.start_s) / self._block_s))
            if self._clock() - intended_s <= MISSED_AFTER_S:
                return arrival, missed
            missed[arrival.block] += 1
        return None, missed

    def started(self, arrival, at_s):
        """Note that an exchange has begun."""
        if at_s - arrival.intended_s > LATE_S:
            self.late += 1

    def planned(self):
        """How many arrivals lie in each block."""
        return Counter(int(number / self._rate_per_s / self._block_s) for number in range(self.count))
