"""Two targets measured side by side: by how much does a quantile differ?

Both are measured in the same blocks of time, so what disturbed a block disturbed both. Blocks are drawn for the two
together: the bootstrap of pairs (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 8) over the
blocks of `harness.statistics.quantile_interval`.
"""

from __future__ import annotations

import numpy as np

from harness.statistics.comparison import Range
from harness.statistics.histogram import BlockCounts
from harness.statistics.quantile_interval import draw_blocks, interval_about, quantile, quantile_us, together


def quantile_difference(
    ours: BlockCounts, theirs: BlockCounts, q: float, generator: np.random.Generator, confidence: float = 0.95
) -> Range:
    """Our q-quantile less theirs, in microseconds; row i of the counts of both is the same block.

    Raises `ValueError` if they do not have the same number of blocks, or only one.
    """
    blocks = len(ours.counts)
    if len(theirs.counts) != blocks:
        raise ValueError(f"{blocks} blocks of one target, {len(theirs.counts)} of the other: no pairs")
    if blocks < 2:
        raise ValueError("a single pair of blocks does not tell by how much pairs differ")
    our_rows, their_rows = together(ours.counts), together(theirs.counts)
    drawn = draw_blocks(len(our_rows), generator)
    differences = quantile_us(ours.values_us, (drawn @ our_rows).astype(float), q) - quantile_us(
        theirs.values_us, (drawn @ their_rows).astype(float), q
    )
    difference = quantile(ours, q) - quantile(theirs, q)
    return Range(difference, *interval_about(difference, differences, len(our_rows), confidence))
