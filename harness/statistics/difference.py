"""The difference of a quantile between two targets that were measured in the same blocks of time.

A disturbance of a block affects both targets, so blocks are drawn as pairs: a paired bootstrap (Efron and Tibshirani
1993, An Introduction to the Bootstrap, chapter 8) over the blocks of `harness.statistics.quantile_interval`.
"""

from __future__ import annotations

import numpy as np

from harness.statistics.comparison import Range
from harness.statistics.histogram import BlockCounts
from harness.statistics.quantile_interval import draw_blocks, interval_about, merge_blocks, quantile, quantile_us


def quantile_difference(
    ours: BlockCounts, theirs: BlockCounts, q: float, generator: np.random.Generator, confidence: float = 0.95
) -> Range:
    """Return our q-quantile minus theirs, in microseconds, with its confidence interval.

    Row i of both counts must be the same block of time. Raises `ValueError` if the numbers of blocks differ, or if
    there is only one block.
    """
    blocks = len(ours.counts)
    if len(theirs.counts) != blocks:
        raise ValueError(
            f"the targets have {blocks} and {len(theirs.counts)} blocks, expected were equal numbers, to form pairs"
        )
    if blocks < 2:
        raise ValueError("there is a single pair of blocks, at least two are needed for an interval")
    our_rows, their_rows = merge_blocks(ours.counts), merge_blocks(theirs.counts)
    drawn = draw_blocks(len(our_rows), generator)
    differences = quantile_us(ours.values_us, (drawn @ our_rows).astype(float), q) - quantile_us(
        theirs.values_us, (drawn @ their_rows).astype(float), q
    )
    difference = quantile(ours, q) - quantile(theirs, q)
    return Range(difference, *interval_about(difference, differences, len(our_rows), confidence))
