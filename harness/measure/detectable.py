"""What a measurement could have seen at all: the minimal detectable effect, and how many samples would be needed.

With a standard error s, a two-sided test at 5% finds an effect of 2.80 s in 80 of 100 runs: 1.96 for the test and
0.84 for its power (Bloom 1995, https://doi.org/10.1177/0193841X9501900504).
"""

from __future__ import annotations

import math

from scipy import stats

from harness.measure.contrast import Range

CONFIDENCE, POWER = 0.95, 0.8
HALF_WIDTH = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
"""Of an interval, in standard errors."""

MULTIPLE = HALF_WIDTH + float(stats.norm.ppf(POWER))


def standard_error(interval: Range) -> float:
    """That of an estimate with this 95% interval, in the interval's unit."""
    return (interval.high - interval.low) / (2 * HALF_WIDTH)


def minimal_detectable_effect(interval: Range) -> float:
    """The smallest effect that would be seen in 80 of 100 such measurements, in the interval's unit."""
    return MULTIPLE * standard_error(interval)


def samples_needed(interval: Range, samples: int, effect: float) -> int:
    """How many samples would show an effect of this size in 80 of 100 measurements, where `samples` gave `interval`.

    The standard error falls with the root of the number of samples.
    """
    return math.ceil(samples * (minimal_detectable_effect(interval) / abs(effect)) ** 2)
