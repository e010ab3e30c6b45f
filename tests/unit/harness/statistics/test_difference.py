"""Tests with simulated pairs of targets whose true difference is known."""

import numpy as np
import pytest

from harness.statistics.difference import quantile_difference
from harness.statistics.histogram import BlockCounts

BLOCKS, EACH = 30, 50


def counted(latencies_us):
    values_us = np.unique(latencies_us)
    return BlockCounts(values_us, (latencies_us[:, :, None] == values_us).sum(axis=1))


def pair(generator, difference_us):
    """Return two targets in the same blocks. Each block is shifted by a disturbance that is the same for both."""
    centres = generator.normal(200, 15, BLOCKS)[:, None]
    ours = np.rint(generator.normal(centres + difference_us, 10, (BLOCKS, EACH)))
    theirs = np.rint(generator.normal(centres, 10, (BLOCKS, EACH)))
    return counted(ours), counted(theirs)


def differences(difference_us, runs=100):
    for seed in range(runs):
        generator = np.random.default_rng(seed)
        yield quantile_difference(*pair(generator, difference_us), 0.5, generator)


def test_equal_targets_do_not_differ_in_95_of_100_runs():
    """Fewer than 88 of 100 intervals at 95% contain the true value in less than one of 500 runs of this test."""
    assert sum(found.low <= 0 <= found.high for found in differences(0)) >= 88


def test_a_small_difference_is_found_despite_disturbances_ten_times_as_large():
    found = list(differences(1.5))
    assert sum(one.low <= 1.5 <= one.high for one in found) >= 88
    assert sum(one.low > 0 for one in found) >= 50


def test_targets_without_paired_blocks_are_rejected():
    generator = np.random.default_rng(1)
    ours, theirs = pair(generator, 0)
    with pytest.raises(ValueError, match="there is a single pair of blocks"):
        quantile_difference(*(BlockCounts(one.values_us, one.counts[:1]) for one in (ours, theirs)), 0.5, generator)
    with pytest.raises(ValueError, match="the targets have 30 and 29 blocks"):
        quantile_difference(ours, BlockCounts(theirs.values_us, theirs.counts[1:]), 0.5, generator)
