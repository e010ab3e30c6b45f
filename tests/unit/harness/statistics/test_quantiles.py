"""Tests with simulated latencies whose true quantiles are known."""

import numpy as np
import pytest

from harness.statistics.histogram import BlockCounts, block_counts, encode
from harness.statistics.quantiles import clustered_interval, quantile, quantile_interval
from reports.model.quantiles import samples_needed


def counted(parts):
    values = np.unique(np.concatenate(parts))
    return BlockCounts(values, np.array([[int((part == value).sum()) for value in values] for part in parts]))


def test_a_quantile_is_interpolated_within_its_microsecond():
    assert quantile(block_counts([encode([100] * 4)]), 0.5) == pytest.approx(100.0)
    assert quantile(block_counts([encode([100] * 3 + [101])]), 0.5) == pytest.approx(100.17, abs=0.01)


def test_ten_samples_must_lie_beyond_a_quantile():
    assert [samples_needed(q) for q in (0.5, 0.9, 0.99)] == [20, 100, 1000]
    assert quantile_interval(counted([np.arange(999.0)]), 0.99) is None
    assert quantile_interval(counted([np.arange(1000.0)]), 0.99) is not None


def test_equal_counts_give_equal_intervals():
    parts = counted([np.rint(np.random.default_rng(1).normal(200, 10, 500))])
    assert quantile_interval(parts, 0.5) == quantile_interval(parts, 0.5)


def held(trials, spread_us):
    """Yield whether the interval contains the median of these seconds, on a host that is faster in some than others."""
    for seed in range(trials):
        generator = np.random.default_rng(seed)
        centres = 200 + spread_us * generator.normal(0, 1, 10)
        truth = np.median(np.concatenate([generator.normal(centre, 10, 20_000) for centre in centres]))
        found = quantile_interval(counted([np.rint(generator.normal(centre, 10, 100)) for centre in centres]), 0.5)
        yield found.low <= truth <= found.high


@pytest.mark.parametrize("spread_us", [0, 30])
def test_an_interval_holds_for_the_time_measured_whatever_the_host_did(spread_us):
    """At 95%, fewer than 89 of 100 intervals contain the true value in one of 200 runs of this test."""
    assert sum(held(100, spread_us)) >= 89


def test_a_part_that_differs_from_the_others_does_not_widen_the_interval():
    alike = quantile_interval(counted([np.arange(100.0, 300.0)] * 10), 0.5)
    apart = quantile_interval(counted([np.arange(0.0, 200.0) + 20 * number for number in range(10)]), 0.5)
    assert (apart.high - apart.low) < (alike.high - alike.low) * 1.1


def test_parts_with_a_single_sample_do_not_make_the_interval_narrower():
    latencies_us = np.random.default_rng(1).permutation(np.arange(100.0, 300.0))
    together = quantile_interval(counted([latencies_us]), 0.5)
    single = quantile_interval(counted(np.split(latencies_us, 200)), 0.5)
    assert single.high - single.low == pytest.approx(together.high - together.low, rel=0.02)


def test_clusters_that_differ_widen_the_interval():
    alike = clustered_interval(counted([np.arange(100.0, 300.0)] * 10), 0.5)
    apart = clustered_interval(counted([np.arange(0.0, 200.0) + 20 * number for number in range(10)]), 0.5)
    assert (apart.high - apart.low) > 2 * (alike.high - alike.low)


def test_a_quantile_that_lies_in_the_few_clusters_that_jammed_is_not_known():
    """Two of eight batches were late: p90 is about how late, and one more or less such batch decides."""
    in_time, late = [np.arange(100.0, 125.0)] * 6, [np.arange(900.0, 925.0)] * 2
    assert clustered_interval(counted(in_time + late), 0.9) is None
    assert clustered_interval(counted(in_time + late), 0.5) is not None
    assert clustered_interval(counted([np.arange(200.0)]), 0.5) is None


def test_a_cluster_without_samples_does_not_count():
    apart = [np.arange(0.0, 200.0) + 20 * number for number in range(10)]
    assert clustered_interval(counted([*apart, np.array([])]), 0.5) == clustered_interval(counted(apart), 0.5)
    assert clustered_interval(counted([np.arange(200.0), np.array([])]), 0.5) is None


def of_which_faster(faster):
    """Return clusters of 24 latencies, evenly spread from 0 to 200 us, of which so many are below 100 us in each."""
    generator = np.random.default_rng(1)
    slower = [24 - number for number in faster]
    below = np.split(generator.permutation(np.linspace(0, 100, sum(faster))), np.cumsum(faster)[:-1])
    above = np.split(generator.permutation(np.linspace(101, 200, sum(slower))), np.cumsum(slower)[:-1])
    return [np.concatenate(both) for both in zip(below, above, strict=True)]


def test_an_interval_that_few_clusters_decide_is_wider():
    """Both have the same variance; in one of them it comes from two of forty clusters."""
    many = clustered_interval(counted(of_which_faster([15, 9] * 20)), 0.5)
    few = clustered_interval(counted(of_which_faster([24, 0] + [15, 9] * 4 + [12] * 30)), 0.5)
    assert few.high - few.low > 1.1 * (many.high - many.low)
