"""Quantiles of a stored histogram."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate

from reports.model.histogram import recorded_if_readable


def tail_quantiles(encoded: str, steps_per_nine: int = 8) -> Iterator[tuple[float, float]]:
    """Yield pairs of nines and the quantile in microseconds, as HDR histograms are drawn.

    The nines of a quantile q are -log10(1 - q): 0.3 for the median, 1 for p90, 2 for p99. They end where one sample is
    left above. Yields nothing for a histogram without samples, or for text that is not one.
    """
    counts = recorded_if_readable(encoded)
    total = sum(counts.values())
    if total < 2:
        return
    wanted = [number / steps_per_nine for number in range(int(math.log10(total) * steps_per_nine) + 1)]
    below, values = 0, iter(counts.items())
    us, count = next(values)
    for nines in wanted:
        rank = (1 - 10**-nines) * total
        while below + count < rank:
            below += count
            us, count = next(values)
        yield round(nines, 4), us


def median_and_slowest(encoded: str) -> tuple[float, float] | None:
    """Return the median and the largest latency of a histogram in microseconds; None if it has no samples."""
    counts = recorded_if_readable(encoded)
    if not counts:
        return None
    total, ranks = sum(counts.values()), accumulate(counts.values())
    return next(us for us, rank in zip(counts, ranks, strict=True) if 2 * rank >= total), max(counts)
