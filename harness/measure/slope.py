"""How latency grows with the number of Services: a slope that a few disturbed blocks cannot bend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats


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
