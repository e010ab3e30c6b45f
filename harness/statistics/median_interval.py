"""The median of a series of consecutive values that may be correlated, with its interval (batch means).

Schmeiser 1982, "Batch size effects in the analysis of simulation output", https://doi.org/10.1287/opre.30.3.556.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.statistics.difference import mean_interval

MOST_PARTS = 10


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Return the ends of the interval of the median of a series, which has at least two values, one per block of time.

    Its half-width is that of the mean of the medians of up to `MOST_PARTS` parts of the series, by Student's t.
    """
    scatter = mean_interval(np.array([float(np.median(part)) for part in parts(values)]), confidence)
    half, middle = scatter.high - scatter.value, float(np.median(values))
    return middle - half, middle + half


def parts(values: Sequence[float]) -> list[NDArray[np.float64]]:
    """Split the series into up to `MOST_PARTS` parts of about equal length."""
    return np.array_split(np.asarray(values, dtype=np.float64), min(MOST_PARTS, len(values)))
