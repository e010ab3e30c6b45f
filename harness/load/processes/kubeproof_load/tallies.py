"""Records of requests: for each target and block of time, a histogram per clock and the counts of what is in none.

Clocks: `kernel` is the round-trip time that the kernel measured, which excludes the delays of our own process; `wall`
is the time from the actual start of the request to its end; `corrected` is the time from its *intended* start.
`answered` is the kernel's time or, for a connection whose SYN was retransmitted, the time from its start to its end.
"""

from collections import Counter, defaultdict

from hdrh.histogram import HdrHistogram

from kubeproof_load.arrivals import DIGITS, HIGHEST_US

CLOCKS = ("kernel", "wall", "corrected", "answered")


class Tally:
    """The requests to one target whose intended start lies in one block of time."""

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
    """The tallies of the blocks that have not ended.

    Once the last request of a block is over, the block is passed to `send` and removed.
    """

    def __init__(self, planned, send):
        self._open = {block: defaultdict(Tally) for block in planned}
        self._left = Counter(planned)
        self._send = send

    def tally(self, arrival):
        return self._open[arrival.block][arrival.target.label]

    def end(self, block, requests=1):
        """Record that `requests` requests of the block are over or were never sent."""
        self._left[block] -= requests
        if block in self._open and self._left[block] == 0:
            self._send(block, {label: tally.as_record() for label, tally in self._open.pop(block).items()})

    def over(self):
        return not self._open
