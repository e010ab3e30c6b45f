"""Quantiles of latencies, with confidence intervals for latencies that are correlated in time.

Neighbouring samples share disturbances, so single samples must not be resampled. Blocks of time are resampled instead:
the block bootstrap (Kuensch 1989, https://doi.org/10.1214/aos/1176347265; here with blocks that do not overlap,
Carlstein 1986). On a shared host, a disturbance lasts for seconds, so blocks must be long to be independent: they are
merged into ten, however long the load was (Schmeiser 1982, "Batch size effects in the analysis of simulation output",
https://doi.org/10.1287/opre.30.3.556, recommends ten to thirty). So few blocks estimate their own scatter poorly, so
intervals are widened by Student's t.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.statistics.histogram import BlockCounts

RESAMPLES = 2000
MOST_BLOCKS = 10
HALF_BUCKET_US = 0.5


def quantile_us(values_us: NDArray[np.float64], weights: NDArray[np.float64], q: float) -> NDArray[np.float64]:
    """Return the q-quantile for each row of `weights` (shape (rows, v)); `values_us` has shape (v,).

    The kernel's clock counts whole microseconds. Samples are assumed to be spread evenly within the microsecond (or
    bucket) that contains the quantile, so a quantile can change by less than a microsecond.
    """
    cumulative = np.cumsum(weights, axis=1)
    wanted = q * cumulative[:, -1]
    at = np.minimum((cumulative < wanted[:, None]).sum(axis=1), len(values_us) - 1)
    rows = np.arange(len(weights))
    inside = weights[rows, at]
    before = cumulative[rows, at] - inside
    share = np.divide(wanted - before, inside, out=np.full(len(weights), 0.5), where=inside > 0)
    result: NDArray[np.float64] = values_us[at] + (2 * share - 1) * HALF_BUCKET_US
    return result


def quantile(counts: BlockCounts, q: float) -> float:
    """Return the q-quantile of all blocks together."""
    return float(quantile_us(counts.values_us, counts.counts.sum(axis=0, keepdims=True).astype(float), q)[0])


def quantile_interval(
    counts: BlockCounts, q: float, generator: np.random.Generator, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the ends of the q-quantile's interval in microseconds; for a single block, its minimum and maximum."""
    rows = merge_blocks(counts.counts)
    if len(rows) < 2:
        return float(counts.values_us[0]), float(counts.values_us[-1])
    drawn = quantile_us(counts.values_us, (draw_blocks(len(rows), generator) @ rows).astype(float), q)
    low, high = interval_about(quantile(counts, q), drawn, len(rows), confidence)
    return max(0.0, low), high


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Return the ends of the interval of the median of a series, which has at least two values, one per block of time.

    Consecutive values may be correlated. So the scatter of the median is estimated from the medians of up to
    `MOST_BLOCKS` parts of the series (batch means, Schmeiser 1982), with Student's t.
    """
    medians = [float(np.median(part)) for part in parts(values)]
    tail = (1 - confidence) / 2
    half = scipy.stats.t.isf(tail, len(medians) - 1) * np.std(medians, ddof=1) / np.sqrt(len(medians))
    middle = float(np.median(values))
    return middle - float(half), middle + float(half)


def parts(values: Sequence[float]) -> list[NDArray[np.float64]]:
    """Split the series into up to `MOST_BLOCKS` parts of about equal length."""
    return np.array_split(np.asarray(values, dtype=np.float64), min(MOST_BLOCKS, len(values)))


def merge_blocks(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Merge neighbouring blocks, so that there are at most `MOST_BLOCKS`. `counts` has shape (blocks, v)."""
    if len(counts) <= MOST_BLOCKS:
        return counts
    begins = np.linspace(0, len(counts), MOST_BLOCKS, endpoint=False).astype(int)
    summed: NDArray[np.int64] = np.add.reduceat(counts, begins, axis=0)
    return summed


def draw_blocks(blocks: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return how often each block is drawn in each resample, with shape (RESAMPLES, blocks)."""
    drawn: NDArray[np.int64] = generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLES)
    return drawn


def interval_about(estimate: float, drawn: NDArray[np.float64], blocks: int, confidence: float) -> tuple[float, float]:
    """Return the interval around `estimate` from its bootstrap replicates `drawn`, for two or more `blocks`.

    The ends are percentiles of the replicates. Their distances from the estimate are multiplied by the ratio of
    Student's t to the normal quantile, and by a factor for the fact that means of resampled blocks scatter less than
    means of new blocks (Efron and Tibshirani 1993, An Introduction to the Bootstrap, 12.2 and 5.4).
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    wider = scipy.stats.t.isf(tail, blocks - 1) / scipy.stats.norm.isf(tail) * np.sqrt(blocks / (blocks - 1))
    return float(estimate - wider * (estimate - low)), float(estimate + wider * (high - estimate))
