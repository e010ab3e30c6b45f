"""The quantiles that are stated of a measurement, and how many samples each needs."""

from __future__ import annotations

import math

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
"""The quantiles by their labels."""

FEWEST_BEYOND = 10
"""The number of samples beyond a quantile without which it is not known: p99 needs 1,000 samples."""


def samples_needed(q: float) -> int:
    """Return the least number of samples for which the q-quantile may be stated."""
    return math.ceil(round(FEWEST_BEYOND / min(q, 1 - q), 6))
