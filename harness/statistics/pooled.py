"""Pooling of one value from several occasions, each of which shifted all of its samples in the same way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy

from harness.statistics.comparison import Range


def pooled(values: Sequence[float], errors: Sequence[float]) -> Range:
    """Return the weighted mean of at least two occasions, with its 95% interval (random-effects meta-analysis).

    `values` holds one estimate per occasion, and `errors` their standard errors, each above 0 and in the same unit. A
    standard error comes from the samples of its occasion alone, so it does not include what differed between occasions.
    That variance is estimated from the scatter of the values (Paule and Mandel 1982,
    https://doi.org/10.6028/jres.087.022). The interval's width comes from the residual scatter around the weighted mean
    (Hartung and Knapp 2001, https://doi.org/10.1002/sim.791), but is at least what the weights imply. Some occasions
    may have very small weights, so Student's t uses the effective number of occasions (Kish 1965) minus one as its
    degrees of freedom.
    """
    estimates, variances = np.asarray(values, dtype=float), np.square(np.asarray(errors, dtype=float))
    assert len(estimates) == len(variances) >= 2
    assert variances.min() > 0, errors
    weights = 1 / (variances + _variance_between(estimates, variances))
    mean = float(np.average(estimates, weights=weights))
    residual = float(np.sum(weights * (estimates - mean) ** 2)) / (len(estimates) - 1)
    effective = float(weights.sum() ** 2 / np.sum(weights**2))
    half = float(scipy.stats.t.ppf(0.975, max(effective - 1, 1))) * math.sqrt(max(residual, 1.0) / float(weights.sum()))
    return Range(mean, mean - half, mean + half)


def _variance_between(estimates: np.ndarray, variances: np.ndarray) -> float:
    """Return the variance between occasions with which the estimates scatter as much as expected.

    Returns 0 if they scatter less than expected even without it.
    """

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        mean = np.average(estimates, weights=weights)
        return float(np.sum(weights * (estimates - mean) ** 2)) - (len(estimates) - 1)

    if excess(0.0) <= 0:
        return 0.0
    # At this upper bound the weighted sum of squares is below 1, so the root lies below it.
    return float(scipy.optimize.brentq(excess, 0.0, len(estimates) * float(np.ptp(estimates)) ** 2))
