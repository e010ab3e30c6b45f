"""Lines through one value per step, drawn from the posterior of a fit whose scatter may grow with x.

What disturbs a whole step shifts all of its samples alike, so the samples within steps do not show it; the distances of
steps from the line do. Where a rule costs a little more in one step than in another, steps with many rules scatter
more. Ordinary least squares takes the scatter to be the same everywhere, and its intervals are then too narrow.

Here a step scatters in proportion to 1 + ratio x |x| / max |x|, with an unknown ratio, which is taken to be 0 with a
probability of 0.3 and any of `RATIOS` equally likely otherwise. Lines are drawn from the posterior without prior
knowledge of line and scatter (Gelman et al. 2013, "Bayesian Data Analysis", 14.2 and 14.7), averaged over the ratio.
`benchmarks/coverage` shows how often such intervals hold. Everything that is derived from a line, such as where two
lines cross, is computed for each drawn line, and its interval is taken from the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison import Range

DRAWS = 4000
ENDS = (0.5, 0.025, 0.975)
"""The quantiles of draws that make a range: the median and the ends of the 95% interval."""

RATIOS = (0.0, *np.geomspace(0.3, 300.0, 21).tolist())
CONSTANT = 0.3
"""The prior probability that the scatter does not grow; the other ratios share the rest equally."""

FINEST = 0.01
"""The smallest scatter that is assumed, in the unit of y, even if the steps lie exactly on a line."""

FEWEST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Lines:
    """Drawn lines: `drawn` has shape (2, DRAWS), the values at x = 0 and the slopes per unit of x."""

    drawn: NDArray[np.float64]

    @property
    def slope(self) -> Range:
        """Return the slope per unit of x with its 95% interval."""
        return range_of_draws(self.drawn[1])

    def at(self, x: float) -> Range:
        """Return the value at `x` with its 95% interval."""
        return range_of_draws(self.values_at(x))

    def values_at(self, x: float) -> NDArray[np.float64]:
        """Return the value of each drawn line at `x`."""
        return np.asarray(self.drawn[0] + self.drawn[1] * x, dtype=np.float64)


def range_of_draws(drawn: NDArray[np.float64]) -> Range:
    """Return the median of draws and the ends of their 95% interval."""
    return Range(*(float(end) for end in np.quantile(drawn, ENDS)))


def drawn_lines(x: Sequence[float], y: Sequence[float], generator: np.random.Generator) -> Lines:
    """Return lines through one value per step; at least `FEWEST_STEPS` steps and two different x are needed."""
    assert len(x) >= FEWEST_STEPS, f"{len(x)} steps, expected were at least {FEWEST_STEPS}"
    fits = [_Fit.of(np.asarray(x, dtype=float), np.asarray(y, dtype=float), ratio) for ratio in RATIOS]
    priors = np.array([CONSTANT, *[(1 - CONSTANT) / (len(RATIOS) - 1)] * (len(RATIOS) - 1)])
    likelihoods = np.array([fit.log_likelihood for fit in fits])
    weights = priors * np.exp(likelihoods - likelihoods.max())
    numbers = generator.multinomial(DRAWS, weights / weights.sum())
    drawn = np.hstack([fit.draw(number, generator) for fit, number in zip(fits, numbers, strict=True)])
    # In random order: draws of two modes are combined one by one, and must not be sorted by the ratio alike.
    return Lines(generator.permutation(drawn, axis=1))


@dataclass(frozen=True, slots=True)
class _Fit:
    """The weighted fit with one ratio: the line, its covariance matrix up to the scatter, and the scatter."""

    line: NDArray[np.float64]
    inverse: NDArray[np.float64]
    scatter: float
    freedom: int
    log_likelihood: float

    @classmethod
    def of(cls, x: NDArray[np.float64], y: NDArray[np.float64], ratio: float) -> _Fit:
        weights = 1 / (1 + ratio * np.abs(x) / np.max(np.abs(x))) ** 2
        columns = np.column_stack([np.ones(len(x)), x])
        inverse = np.linalg.inv((columns.T * weights) @ columns)
        line = inverse @ columns.T @ (weights * y)
        freedom = len(x) - 2
        squares = max(float(weights @ (y - columns @ line) ** 2), freedom * FINEST**2)
        # The likelihood of the ratio with line and scatter integrated out (Patterson and Thompson 1971,
        # https://doi.org/10.1093/biomet/58.3.545).
        terms = np.log(weights).sum() + np.log(np.linalg.det(inverse)) - freedom * np.log(squares)
        return cls(line, inverse, float(np.sqrt(squares / freedom)), freedom, float(terms / 2))

    def draw(self, number: int, generator: np.random.Generator) -> NDArray[np.float64]:
        """Draw lines from the posterior of this fit (a multivariate t), with shape (2, number)."""
        deviations = np.linalg.cholesky(self.inverse) @ generator.normal(size=(2, number))
        scatter = self.scatter / np.sqrt(generator.chisquare(self.freedom, number) / self.freedom)
        return np.asarray(self.line[:, None] + scatter * deviations, dtype=np.float64)
