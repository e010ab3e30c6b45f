"""Changes of level in a series, found by a change-point method; never by a threshold, because hosts differ.

PELT (Killick, Fearnhead and Eckley 2012, https://doi.org/10.1080/01621459.2012.737745) finds the division of a series
into levels that minimises the distances from the levels' medians, plus a penalty for each change. Distances are
absolute values, so a single outlier is not a change. The penalty is in units of the series' own noise, which is
estimated from the differences of successive values: a change of level disturbs only one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import ruptures
from numpy.typing import NDArray

SHORTEST = 4
"""The least number of values of a level. Fewer could be chance."""

PENALTY = 3.5
"""Times the logarithm of the length. Chosen by simulation (`benchmarks/false_changes.py`)."""

EXACT = 40
"""In a series with twice so many values, changes are searched at every second value, and so on, and then refined."""

NORMAL = 0.6745
"""The median absolute value of a standard normal variable."""


def level_starts(values: Sequence[float]) -> list[int]:
    """Return the positions at which a new level begins, in order; none for a series too short to have two levels."""
    if len(values) < 2 * SHORTEST:
        return []
    series = np.asarray(values, dtype=float)
    scale = _noise(series)
    if scale == 0.0:  # all successive values are equal, except at changes: any change is real
        scale = float(np.ptp(series)) / 100 or 1.0
    standardised = (series - np.median(series)) / scale
    jump = max(1, len(series) // EXACT)
    search = ruptures.Pelt(model="l1", min_size=SHORTEST, jump=jump).fit(standardised[:, None])
    *starts, _ = search.predict(pen=PENALTY * math.log(len(series)))
    return _refined(standardised, starts, jump)


def _refined(series: NDArray[np.float64], starts: Sequence[int], jump: int) -> list[int]:
    """Return the starts, each moved by less than `jump` to where the two levels beside it fit best."""
    refined: list[int] = []
    for start, after in pairwise((*starts, len(series))):
        before = refined[-1] if refined else 0
        places = range(max(before + SHORTEST, start - jump + 1), min(after - SHORTEST, start + jump - 1) + 1)
        refined.append(
            min(places or (start,), key=lambda place: _distance(series[before:place]) + _distance(series[place:after]))
        )
    return refined


def _distance(level: NDArray[np.float64]) -> float:
    """Return the sum of distances from the level's median."""
    return float(np.abs(level - np.median(level)).sum())


def _noise(series: NDArray[np.float64]) -> float:
    """Return the standard deviation of the noise around the levels, from the differences of successive values."""
    return float(np.median(np.abs(np.diff(series)))) / (NORMAL * math.sqrt(2))
