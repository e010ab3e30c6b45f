"""One figure from several occasions, each of which moved all of its samples alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, stats

from harness.statistics.comparison import Range


def pooled(values: Sequence[float], errors: Sequence[float]) -> Range:
    """The mean that the occasions vary around, with its 95% interval; at least two.

    `values` are what each occasion told and `errors`, above 0, their standard errors by its own samples, in the same
    unit. Those know nothing of what was different that time, so the variance between occasions is estimated from the
    values' distances (Paule and Mandel 1982, https://doi.org/10.6028/jres.087.022), and the interval of the weighted
    mean from what is left of them (Hartung and Knapp 2001, https://doi.org/10.1002/sim.791), no less than chance. Some
    occasions may weigh hardly anything: Student's t is taken at the effective number of them (Kish 1965) less one.
    """
    found, own = np.asarray(values, dtype=float), np.square(np.asarray(errors, dtype=float))
    assert len(found) == len(own) >= 2
    assert own.min() > 0, errors
    weights = 1 / (own + _between(found, own))
    mean = float(np.average(found, weights=weights))
    left = float(np.sum(weights * (found - mean) ** 2)) / (len(found) - 1)
    effective = float(weights.sum() ** 2 / np.sum(weights**2))
    half = float(stats.t.ppf(0.975, max(effective - 1, 1))) * math.sqrt(max(left, 1.0) / float(weights.sum()))
    return Range(mean, mean - half, mean + half)


def _between(found: np.ndarray, own: np.ndarray) -> float:
    """The variance between occasions at which the values are as far apart as expected; 0 if they are nearer anyway."""

    def excess(between: float) -> float:
        weights = 1 / (own + between)
        mean = np.average(found, weights=weights)
        return float(np.sum(weights * (found - mean) ** 2)) - (len(found) - 1)

    if excess(0.0) <= 0:
        return 0.0
    # With so much between them the values' distances weigh less than one in all.
    return float(optimize.brentq(excess, 0.0, len(found) * float(np.ptp(found)) ** 2))
