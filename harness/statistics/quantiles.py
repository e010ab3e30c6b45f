"""Quantiles of latencies, with intervals.

The interval of a quantile is Woodruff's (1952, https://doi.org/10.1080/01621459.1952.10483443): the share of samples
below the quantile is a mean, whose standard error can be estimated. The quantile's ends are the latencies below which
that much less, and that much more, of the samples lie. No sample is drawn at random, so an interval can be computed
again exactly.

Samples are counted in parts, and two questions can be asked about them:

- How well is the quantile of these seconds known (`quantile_interval`)? The parts are consecutive parts of the time
  that was measured. What the host did in one part and not in the others is a property of these seconds and not chance.
  The interval does not say what other seconds would give. If states of a host last as long as a measurement, no method
  can learn that from it (`benchmarks/coverage`); differences between targets of the same load do not depend on it
  (`harness.statistics.difference`).
- What would other samples give (`clustered_interval`)? The parts are clusters, such as batches of changes, and samples
  of one cluster share what disturbed it (Kish 1965, "Survey Sampling", chapter 5).
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.statistics.comparison import Range
from harness.statistics.histogram import BlockCounts
from reports.model.quantiles import samples_needed

HALF_BUCKET_US = 0.5


def quantile(counts: BlockCounts, q: float) -> float:
    """Return the q-quantile of all parts together, in microseconds.

    The kernel's clock counts whole microseconds. Samples are assumed to be spread evenly within the microsecond (or
    bucket) that contains the quantile, so a quantile can change by less than a microsecond.
    """
    weights = counts.counts.sum(axis=0).astype(float)
    cumulative = np.cumsum(weights)
    wanted = q * cumulative[-1]
    at = min(int((cumulative < wanted).sum()), len(weights) - 1)
    inside = weights[at]
    share = (wanted - (cumulative[at] - inside)) / inside if inside else 0.5
    return float(counts.values_us[at] + (2 * share - 1) * HALF_BUCKET_US)


def quantile_interval(counts: BlockCounts, q: float, confidence: float = 0.95) -> Range | None:
    """Return the q-quantile of the time measured, in microseconds; None if there are too few samples to know it.

    Each row of `counts` is a stratum of time. Its samples are taken to be independent, so a disturbance within it makes
    the interval wider. The one sample of a stratum varies as those of the whole time do.
    """
    if counts.n < samples_needed(q):
        return None
    value = quantile(counts, q)
    sizes, shares = _shares_below(counts, value)
    within = np.where(sizes > 1, sizes**2 * shares * (1 - shares) / np.maximum(sizes - 1, 1), q * (1 - q))
    variance = float(np.sum(within)) / counts.n**2
    return _inverted(counts, q, float(scipy.stats.norm.isf((1 - confidence) / 2)) * math.sqrt(variance))


def clustered_interval(counts: BlockCounts, q: float, confidence: float = 0.95) -> Range | None:
    """Return the q-quantile in microseconds; None if the samples cannot carry it.

    Each row of `counts` is a cluster; at least two need samples. The variance of the share is that of a ratio of totals
    over clusters, but at least that of independent samples. The fewer clusters it comes from, the fewer are its degrees
    of freedom.
    """
    if counts.n < samples_needed(q):
        return None
    sizes, shares = _shares_below(counts, quantile(counts, q))
    clusters = len(sizes)
    if clusters < 2:
        return None
    squares = (sizes * (shares - q)) ** 2
    between = clusters / (clusters - 1) * float(np.sum(squares)) / counts.n**2
    variance = max(between, q * (1 - q) / counts.n)
    half = float(scipy.stats.t.isf((1 - confidence) / 2, _freedom(squares))) * math.sqrt(variance)
    return _inverted(counts, q, half)


def _freedom(squares: NDArray[np.float64]) -> float:
    """Return the degrees of freedom of a variance, from the squared deviations that it is the mean of.

    Those of a variance of normal deviations are one less than their number. They are fewer if some deviations are far
    larger than the others (O'Neill 2014, https://doi.org/10.1080/00031305.2014.966589).
    """
    number = len(squares)
    if not squares.any():
        return number - 1
    kurtosis = number * float(np.sum(squares**2)) / float(np.sum(squares)) ** 2
    return min(number - 1, 2 * number / (kurtosis - (number - 3) / (number - 1)))


def _shares_below(counts: BlockCounts, value: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the size of each part that has samples, and the share of its samples up to `value`."""
    sizes = counts.counts.sum(axis=1).astype(float)
    below = counts.counts[:, counts.values_us <= value].sum(axis=1)
    return sizes[sizes > 0], below[sizes > 0] / sizes[sizes > 0]


def _inverted(counts: BlockCounts, q: float, half: float) -> Range | None:
    """Return the quantile with the latencies below which `half` less and more of the samples lie; None if none do."""
    if not 0 < q - half <= q + half < 1:
        return None
    return Range(quantile(counts, q), max(0.0, quantile(counts, q - half)), quantile(counts, q + half))
