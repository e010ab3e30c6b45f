"""Changes of level in a series, found by a change-point method; never by a threshold, because hosts differ.

PELT (Killick, Fearnhead and Eckley 2012, https://doi.org/10.1080/01621459.2012.737745) finds the division of a series
into levels that minimises the distances from the levels' medians, plus a penalty for each change. Distances are
absolute values, so a single outlier is not a change. The penalty is in units of the series' own noise, which is
estimated from the differences of successive values: a change of level disturbs only one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import ruptures
from numpy.typing import NDArray

SHORTEST = 4
"""The least number of values of a level. Fewer could be chance."""

PENALTY = 3.5
"""Times the logarithm of the length. Chosen by simulation (`benchmarks/history/false_changes.py`)."""

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
    search = ruptures.Pelt(model="l1", min_size=SHORTEST, jump=1).fit(((series - np.median(series)) / scale)[:, None])
    *starts, _ = search.predict(pen=PENALTY * math.log(len(series)))
    return [int(start) for start in starts]


def _noise(series: NDArray[np.float64]) -> float:
    """Return the standard deviation of the noise around the levels, from the differences of successive values."""
    return float(np.median(np.abs(np.diff(series)))) / (NORMAL * math.sqrt(2))
