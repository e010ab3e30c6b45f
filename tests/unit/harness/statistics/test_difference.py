"""Tests with simulated pairs of targets whose true difference is known."""

import numpy as np
import pytest

from harness.statistics.comparison import Range
from harness.statistics.difference import difference, mean_interval
from harness.statistics.histogram import BlockCounts
from harness.statistics.quantiles import quantile_interval

PARTS, EACH = 10, 150


def counted(latencies_us):
    values_us = np.unique(latencies_us)
    return BlockCounts(values_us, (latencies_us[:, :, None] == values_us).sum(axis=1))


def medians(generator, difference_us):
    """Return the medians of two targets in the same parts of time, each shifted by what the host did in it."""
    centres = generator.normal(200, 15, PARTS)[:, None]
    ours = np.rint(generator.normal(centres + difference_us, 10, (PARTS, EACH)))
    theirs = np.rint(generator.normal(centres, 10, (PARTS, EACH)))
    return quantile_interval(counted(ours), 0.5), quantile_interval(counted(theirs), 0.5)


def differences(difference_us, runs=100):
    for seed in range(runs):
        yield difference(*medians(np.random.default_rng(seed), difference_us))


def test_equal_targets_do_not_differ_in_95_of_100_runs():
    """Fewer than 88 of 100 intervals at 95% contain the true value in less than one of 500 runs of this test."""
    assert sum(found.low <= 0 <= found.high for found in differences(0)) >= 88


def test_a_small_difference_is_found_on_a_host_that_varies_ten_times_as_much():
    found = list(differences(1.5))
    assert sum(one.low <= 1.5 <= one.high for one in found) >= 88
    assert sum(one.low > 0 for one in found) >= 50


def test_the_ends_of_a_difference_are_combined_from_those_of_both_medians():
    assert difference(Range(10, 7, 14), Range(4, 0, 7)) == Range(6, 6 - np.hypot(3, 3), 6 + np.hypot(4, 4))


def test_the_interval_of_a_mean_is_students():
    found = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert (found.value, found.high) == (2.0, pytest.approx(2 + 4.303 / np.sqrt(3), abs=1e-3))
