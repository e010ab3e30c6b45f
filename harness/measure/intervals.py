"""Quantiles of latencies with confidence intervals that respect how latencies cluster in time.

Neighbouring samples share what disturbed them, so single samples must not be resampled. Blocks of time
are: the block bootstrap (Kuensch 1989, https://doi.org/10.1214/aos/1176347265; here with blocks that do not
overlap, Carlstein 1986), with percentile intervals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.measure.histogram import BlockCounts

RESAMPLES = 2000
MOST_BLOCKS = 400
HALF_BUCKET_US = 0.5


def quantile_us(values_us: NDArray[np.float64], weights: NDArray[np.float64], q: float) -> NDArray[np.float64]:
    """The q-quantile for each row of `weights` (shape (rows, v)); `values_us` has shape (v,).

    The kernel's clock counts whole microseconds. Within the microsecond (or bucket) that holds the
    quantile, samples are taken to lie evenly, so that a quantile can move by less than one.
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
    """The q-quantile of all blocks together."""
    return float(quantile_us(counts.values_us, counts.counts.sum(axis=0, keepdims=True).astype(float), q)[0])


def quantile_interval(
    counts: BlockCounts, q: float, generator: np.random.Generator, confidence: float = 0.95
) -> tuple[float, float]:
    """The ends of the interval of the q-quantile, in microseconds."""
    rows = together(counts.counts)
    drawn = draw_blocks(len(rows), generator)
    quantiles = quantile_us(counts.values_us, (drawn @ rows).astype(float), q)
    tail = (1 - confidence) / 2
    low, high = np.quantile(quantiles, [tail, 1 - tail])
    return float(low), float(high)


def together(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Neighbouring blocks as one, so that there are no more than `MOST_BLOCKS`; more make an interval no better, and
    what is drawn from them would fill the memory. `counts` has shape (blocks, v)."""
    if len(counts) <= MOST_BLOCKS:
        return counts
    begins = np.linspace(0, len(counts), MOST_BLOCKS, endpoint=False).astype(int)
    summed: NDArray[np.int64] = np.add.reduceat(counts, begins, axis=0)
    return summed


def draw_blocks(blocks: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """How often each block is drawn in each resample, with shape (RESAMPLES, blocks)."""
    drawn: NDArray[np.int64] = generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLES)
    return drawn
