"""How latency grows with the number of Services: a slope that a few disturbed blocks cannot bend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

ROUNDS = 20
"""Of fitting, each by the scatter that the one before has left."""

FINEST_US = 0.01
"""Steps that lie on a line are no surer than this."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Microseconds per unit of x, with the ends of its 95% interval, and the value at x = 0."""

    per_unit: float
    low: float
    high: float
    at_zero: float

    @property
    def grows(self) -> bool:
        """The whole interval lies above 0."""
        return self.low > 0


def robust_slope(x: Sequence[float], y_us: Sequence[float]) -> Slope:
    """Median of all pairwise slopes (Theil 1950, Sen 1968), its interval from Kendall's tau (Sen 1968)."""
    fitted = stats.theilslopes(y_us, x, alpha=0.95)
    return Slope(float(fitted.slope), float(fitted.low_slope), float(fitted.high_slope), float(fitted.intercept))


def slope_of_steps(x: Sequence[float], y_us: Sequence[float]) -> Slope:
    """Least squares through one figure a step, with Student's interval (at least three steps).

    Whatever moved a whole step moved all of its samples alike, so that samples, however many, say nothing of it: the
    steps' own distances from the line do.
    """
    fitted = stats.linregress(x, y_us)
    half = float(stats.t.ppf(0.975, len(x) - 2)) * float(fitted.stderr)
    slope = float(fitted.slope)
    return Slope(slope, slope - half, slope + half, float(fitted.intercept))


def slope_beside(
    x: Sequence[float], y_us: Sequence[float], beside_us: Sequence[float], spread: float
) -> tuple[Slope, float]:
    """The same, where y moves with something else as well: the slope, and how many microseconds of y go with one of it.

    That coefficient is known beforehand to be 0, with a standard deviation of `spread`, which counts as one step more
    (mixed estimation, Theil and Goldberger 1961, https://doi.org/10.2307/2525589): steps that hardly differ in
    `beside_us` leave it what it is, those that differ much tell it, and the slope's interval knows how well. At least
    four steps; what they tell of the coefficient is taken from the degrees of freedom.
    """
    y, beside = np.asarray(y_us), np.subtract(beside_us, np.mean(beside_us))
    columns = np.column_stack([np.ones(len(x)), x, beside])
    rest, told = y - columns[:, :2] @ np.linalg.lstsq(columns[:, :2], y)[0], 0.0
    for _ in range(ROUNDS):
        freedom = len(x) - 2 - told
        scatter = max(FINEST_US, float(np.sqrt(rest @ rest / freedom)))
        rows = np.vstack([columns, [0.0, 0.0, scatter / spread]])
        inverse = np.linalg.inv(rows.T @ rows)
        fitted = inverse @ columns.T @ y
        rest, told = y - columns @ fitted, 1 - inverse[2, 2] * (scatter / spread) ** 2
    half = float(stats.t.ppf(0.975, freedom)) * scatter * float(np.sqrt(inverse[1, 1]))
    at_zero, slope, coefficient = map(float, fitted)
    return Slope(slope, slope - half, slope + half, at_zero), coefficient
