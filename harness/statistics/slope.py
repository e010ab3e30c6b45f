"""Slopes of latency over the number of Services, with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from harness.statistics.comparison import Range

ROUNDS = 20
"""The number of iterations of a fit. Each uses the residual scatter of the one before."""

FINEST_US = 0.01
"""The smallest residual scatter that is assumed, even if the steps lie exactly on a line."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope in microseconds per unit of x, with the ends of its 95% interval, and the value at x = 0."""

    per_unit: float
    low: float
    high: float
    at_zero: float

    @property
    def grows(self) -> bool:
        """Return whether the whole interval lies above 0."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Line(Slope):
    """A least-squares line: its slope, and its 95% interval at each x.

    `squares` are a, b and c of the squared half-width at x, which is a + 2bx + cx^2: the covariance matrix of the fit,
    times the square of Student's t.
    """

    squares: tuple[float, float, float]

    def at(self, x: float) -> Range:
        """Return the value at `x` in microseconds, with its 95% interval."""
        value = self.at_zero + self.per_unit * x
        constant, linear, quadratic = self.squares
        half = math.sqrt(max(0.0, constant + 2 * linear * x + quadratic * x * x))
        return Range(value, value - half, value + half)


def slope_of_steps(x: Sequence[float], y_us: Sequence[float]) -> Line:
    """Return the least-squares line through one value per step, with an interval from Student's t.

    Needs at least three steps. A disturbance of a whole step shifts all of its samples in the same way, so the samples
    within steps do not show it, however many there are. The interval uses the steps' residuals instead.
    """
    fitted = scipy.stats.linregress(x, y_us)
    t = float(scipy.stats.t.ppf(0.975, len(x) - 2))
    slope, half, half_at_zero = float(fitted.slope), t * float(fitted.stderr), t * float(fitted.intercept_stderr)
    # The errors of slope and intercept correlate only through the mean of x.
    squares = (half_at_zero**2, -float(np.mean(x)) * half**2, half**2)
    return Line(slope, slope - half, slope + half, float(fitted.intercept), squares)


def slope_with_covariate(
    x: Sequence[float], y_us: Sequence[float], covariate_us: Sequence[float], spread: float
) -> tuple[Line, float]:
    """Return the line of y that also depends on a covariate, and the covariate's coefficient.

    The coefficient is in microseconds of y per microsecond of the covariate. Its prior has mean 0 and standard
    deviation `spread`, and enters the fit as one additional step (mixed estimation, Theil and Goldberger 1961,
    https://doi.org/10.2307/2525589). If the covariate hardly differs between steps, the coefficient stays at its prior;
    if it differs much, the steps determine the coefficient. The slope's interval includes the coefficient's
    uncertainty. Needs at least four steps. The degrees of freedom are reduced by the share of the coefficient that the
    steps determine.
    """
    y, covariate = np.asarray(y_us), np.subtract(covariate_us, np.mean(covariate_us))
    columns = np.column_stack([np.ones(len(x)), x, covariate])
    residuals, determined = y - columns[:, :2] @ np.linalg.lstsq(columns[:, :2], y)[0], 0.0
    for _ in range(ROUNDS):
        freedom = len(x) - 2 - determined
        scatter = max(FINEST_US, float(np.sqrt(residuals @ residuals / freedom)))
        rows = np.vstack([columns, [0.0, 0.0, scatter / spread]])
        inverse = np.linalg.inv(rows.T @ rows)
        fitted = inverse @ columns.T @ y
        residuals, determined = y - columns @ fitted, 1 - inverse[2, 2] * (scatter / spread) ** 2
    squared = (float(scipy.stats.t.ppf(0.975, freedom)) * scatter) ** 2
    squares = (squared * float(inverse[0, 0]), squared * float(inverse[0, 1]), squared * float(inverse[1, 1]))
    half = math.sqrt(squares[2])
    at_zero, slope, coefficient = map(float, fitted)
    return Line(slope, slope - half, slope + half, at_zero, squares), coefficient
