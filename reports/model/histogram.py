"""Stored histograms: HDR histograms (http://hdrhistogram.org, V2, base64) of latencies in microseconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram


def recorded(encoded: str) -> dict[float, int]:
    """Return the number of occurrences by latency, ascending. Each latency is the middle of its bucket.

    Reads the histogram's counters as an array, because iterating over them in Python takes 50 ms.
    """
    histogram: Any = HdrHistogram.decode(encoded)
    counts = np.ctypeslib.as_array(histogram.counts)
    found: dict[float, int] = {}
    for index in np.flatnonzero(counts):
        low = histogram.get_value_from_index(int(index))
        found[(low + histogram.get_highest_equivalent_value(low)) / 2] = int(counts[index])
    return found
