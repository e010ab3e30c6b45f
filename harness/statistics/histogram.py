"""Latencies in microseconds: as HDR histograms (http://hdrhistogram.org), and as counts for statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from reports.model.histogram import recorded

LOWEST_US = 1
HIGHEST_US = 60_000_000
DIGITS = 3


def encode(latencies_us: Iterable[int]) -> str:
    """Return a histogram of the latencies (V2, base64). Latencies below 1 us count as 1 us."""
    histogram: Any = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for latency_us in latencies_us:
        histogram.record_value(max(LOWEST_US, latency_us))
    return str(histogram.encode().decode())


def merge(encoded: Iterable[str]) -> str:
    """Merge histograms into one (V2, base64). All must have the range and precision of this module."""
    merged: Any = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for text in encoded:
        merged.decode_and_add(text.encode())
    return str(merged.encode().decode())


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """The number of occurrences of each latency in each block of time.

    `values_us` has shape (v,) and is ascending; `counts` has shape (blocks, v).
    """

    values_us: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Return the number of samples in all blocks."""
        return int(self.counts.sum())


def block_counts(blocks: Sequence[str]) -> BlockCounts:
    """Decode one histogram per block. Each latency is taken as the middle of its bucket."""
    decoded = [recorded(text) for text in blocks]
    values = sorted({value for block in decoded for value in block})
    position = {value: number for number, value in enumerate(values)}
    counts = np.zeros((len(decoded), len(values)), dtype=np.int64)
    for row, block in enumerate(decoded):
        for value, count in block.items():
            counts[row, position[value]] = count
    return BlockCounts(np.array(values, dtype=np.float64), counts)
