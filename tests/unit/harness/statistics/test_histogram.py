import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from harness.statistics.histogram import BlockCounts, block_counts, merge
from harness.statistics.quantile_interval import merge_blocks, quantile, quantile_interval
from harness.statistics.slope import robust_slope


def encoded(latencies_us):
    histogram = HdrHistogram(1, 60_000_000, 3)
    for latency_us in latencies_us:
        histogram.record_value(int(latency_us))
    return histogram.encode().decode()


def blocks(generator, count=30, each=50, disturbance=0.0, lasting=0.0):
    """Return blocks of latencies around 200 us.

    A disturbance shifts whole blocks, as another user of the host would. `lasting` is the correlation between the
    disturbances of consecutive blocks.
    """
    shocks = generator.normal(0, 1, count)
    shifts = shocks[:1].tolist()
    for shock in shocks[1:]:
        shifts.append(lasting * shifts[-1] + np.sqrt(1 - lasting**2) * shock)
    centres = 200 + disturbance * np.array(shifts)
    latencies_us = np.rint(generator.normal(centres[:, None], 10, (count, each)))
    values_us = np.unique(latencies_us)
    return BlockCounts(values_us, (latencies_us[:, :, None] == values_us).sum(axis=1))


def test_blocks_are_decoded_separately_and_can_be_merged():
    counts = block_counts([encoded([10, 10, 20]), encoded([30])])
    assert counts.values_us.tolist() == [10, 20, 30]
    assert counts.counts.tolist() == [[2, 1, 0], [0, 0, 1]]
    assert block_counts([merge([encoded([10, 10, 20]), encoded([30])])]).counts.tolist() == [[2, 1, 1]]


def test_a_quantile_is_interpolated_within_its_microsecond():
    assert quantile(block_counts([encoded([100] * 4)]), 0.5) == pytest.approx(100.0)
    assert quantile(block_counts([encoded([100] * 3 + [101])]), 0.5) == pytest.approx(100.17, abs=0.01)


def test_equal_seeds_give_equal_intervals():
    counts = blocks(np.random.default_rng(1))
    first = quantile_interval(counts, 0.5, np.random.default_rng(5))
    assert first == quantile_interval(counts, 0.5, np.random.default_rng(5))


def covered(runs, **disturbed):
    """Yield, for each run, whether the interval of the median contains the true value."""
    for seed in range(runs):
        generator = np.random.default_rng(seed)
        low, high = quantile_interval(blocks(generator, **disturbed), 0.5, generator)
        yield low <= 200 <= high


@pytest.mark.parametrize("disturbance", [0.0, 15.0])
def test_intervals_cover_the_true_value_even_if_whole_blocks_are_disturbed(disturbance):
    """At 95%, fewer than 89 of 100 intervals cover the value in one of 200 runs of this test, and all 100 as rarely."""
    assert 89 <= sum(covered(100, disturbance=disturbance)) <= 99


@pytest.mark.parametrize(("count", "least"), [(40, 88), (120, 89)])
def test_intervals_cover_the_true_value_nearly_as_often_if_a_disturbance_lasts_for_seconds(count, least):
    """Half of a disturbance lasts into the next second. If seconds were treated as independent, 75 of 100 intervals
    would cover the true value."""
    assert sum(covered(200, count=count, disturbance=15.0, lasting=0.5)) >= 2 * least


def test_the_interval_of_a_single_block_is_its_minimum_and_maximum():
    assert quantile_interval(block_counts([encoded([90, 100, 130])]), 0.5, np.random.default_rng(1)) == (90, 130)


def test_an_interval_never_goes_below_zero():
    counts = block_counts([encoded([1] * 9), encoded([900] * 9)])
    assert quantile_interval(counts, 0.5, np.random.default_rng(1))[0] == 0


def test_many_blocks_are_merged_without_losing_samples():
    many = blocks(np.random.default_rng(1), count=1003, each=5).counts
    fewer = merge_blocks(many)
    assert len(fewer) == 10
    assert (fewer.sum(axis=0) == many.sum(axis=0)).all()
    assert len(merge_blocks(many[:11])) == 10
    assert (merge_blocks(many[:10]) == many[:10]).all()


def test_a_slope_is_found_despite_outlying_blocks():
    generator = np.random.default_rng(3)
    x = np.repeat([0.0, 0.1, 1.0], 30)
    y = 100 + 25 * x + generator.normal(0, 2, len(x))
    y[::10] += 500
    slope = robust_slope(x.tolist(), y.tolist())
    assert slope.low <= 25 <= slope.high
    assert slope.grows


def test_a_slope_of_zero_rarely_counts_as_growth():
    alarms = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        x = np.repeat([0.0, 0.1, 1.0], 20)
        slope = robust_slope(x.tolist(), (100 + generator.normal(0, 2, len(x))).tolist())
        alarms += slope.grows
    assert alarms <= 6
