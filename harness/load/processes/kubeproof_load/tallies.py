"""What is kept of exchanges: for each target and block of time a histogram of each clock, and what is in none.

Clocks: `kernel` is the round trip that the kernel itself has measured, without our own scheduling; `wall` the time
around the exchange; `corrected` counts from when the exchange was *meant* to start.
"""

from collections import Counter, defaultdict

from hdrh.histogram import HdrHistogram

HIGHEST_US = 60_000_000
DIGITS = 3
CLOCKS = ("kernel", "wall", "corrected")


class Tally:
    """All exchanges with one target that were meant to start within one block of time."""

    def __init__(self):
        self.histograms = {}
        self.errors = Counter()
        self.retransmitted = 0

    def add(self, clock, seconds):
        if clock not in self.histograms:
            self.histograms[clock] = HdrHistogram(1, HIGHEST_US, DIGITS)
        self.histograms[clock].record_value(max(1, round(seconds * 1e6)))

    def as_record(self):
        encoded = {clock: histogram.encode().decode() for clock, histogram in self.histograms.items()}
        return {**encoded, "errors": dict(self.errors), "retransmitted": self.retransmitted}


class Blocks:
    """The tallies of blocks under way; a block whose last exchange has ended is given away and forgotten."""

    def __init__(self, planned, give):
        self._open = {block: defaultdict(Tally) for block in planned}
        self._left = Counter(planned)
        self._give = give

    def tally(self, arrival):
        return self._open[arrival.block][arrival.target.label]

    def end(self, block, exchanges=1):
        """So many exchanges of the block are over, or never began."""
        self._left[block] -= exchanges
        if block in self._open and self._left[block] == 0:
            self._give(block, {label: tally.as_record() for label, tally in self._open.pop(block).items()})

    def over(self):
        return not self._open
