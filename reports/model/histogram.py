"""Stored histograms: HDR histograms (http://hdrhistogram.org, V2, base64) of latencies in microseconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram


class UnreadableHistogram(ValueError):
    """A stored text is no histogram."""


def recorded(encoded: str) -> dict[float, int]:
    """Return the number of occurrences by latency, ascending. Each latency is the middle of its bucket.

    Reads the histogram's counters as an array, because iterating over them in Python takes 50 ms. Raises
    `UnreadableHistogram` if the text is none.
    """
    try:
        histogram: Any = HdrHistogram.decode(encoded)
    except Exception as error:  # the library raises whatever its parts raise
        raise UnreadableHistogram(f"no histogram: {type(error).__name__}: {error}") from error
    counts = np.ctypeslib.as_array(histogram.counts)
    found: dict[float, int] = {}
    for index in np.flatnonzero(counts):
        low = histogram.get_value_from_index(int(index))
        found[(low + histogram.get_highest_equivalent_value(low)) / 2] = int(counts[index])
    return found


def recorded_if_readable(encoded: str) -> dict[float, int]:
    """Return what `recorded` does, or nothing if the text is no histogram: a page is shown without it."""
    try:
        return recorded(encoded)
    except UnreadableHistogram:
        return {}
