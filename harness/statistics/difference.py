"""Differences of medians: between targets of one load, and between pairs of loads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.statistics.comparison import Range


def difference(ours: Range, theirs: Range) -> Range:
    """Return our quantile minus theirs, of targets that the same load measured, with its interval.

    Given what the host did in these seconds, the samples of both are independent, so the squares of the distances from
    the quantiles to their ends add up (Zou and Donner 2008, https://doi.org/10.1002/sim.3095).
    """
    value = ours.value - theirs.value
    down = math.hypot(ours.value - ours.low, theirs.high - theirs.value)
    up = math.hypot(ours.high - ours.value, theirs.value - theirs.low)
    return Range(value, value - down, value + up)


def mean_of(ranges: Sequence[Range]) -> Range:
    """Return the mean of independent values with its interval: the squares of the distances to their ends add up."""
    value, number = sum(one.value for one in ranges) / len(ranges), len(ranges)
    down = math.hypot(*(one.value - one.low for one in ranges)) / number
    up = math.hypot(*(one.high - one.value for one in ranges)) / number
    return Range(value, value - down, value + up)


def mean_interval(values: NDArray[np.float64], confidence: float = 0.95) -> Range:
    """Return the mean of independent values with its interval by Student's t; at least two values are needed."""
    half = float(scipy.stats.t.isf((1 - confidence) / 2, len(values) - 1) * scipy.stats.sem(values))
    middle = float(np.mean(values))
    return Range(middle, middle - half, middle + half)
