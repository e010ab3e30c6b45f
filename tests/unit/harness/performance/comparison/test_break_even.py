"""Break-even of simulated modes with known latencies."""

import numpy as np
import pytest

from harness.performance.comparison.break_even import BreakEven, ModeCost, Pair

SERVICES = (0, 10, 100, 1000, 2000, 5000, 10000, 0)
KNOWN_WELL = 1000
"""So many degrees of freedom that an error's standard deviation is as good as known."""

STEEP = ("iptables", 60, 40)
FLAT = ("nftables", 80, 0)


def mode(name, fixed_us, per_1000_us, *, kept_us=500.0, seed=1, error_us=0.5, common_us=0.0):
    """Return a mode whose steps scatter by `error_us` around a line and share an error of `common_us`."""
    generator = np.random.default_rng(seed)
    shift_us = generator.normal(0, common_us)
    steps = tuple(
        (services, shift_us + generator.normal(fixed_us + per_1000_us * services / 1000, error_us))
        for services in SERVICES
    )
    return ModeCost(name, steps, kept_us, common_us, KNOWN_WELL)


def pair(ours, theirs):
    return Pair(ours, theirs, np.random.default_rng(9))


def test_a_mode_that_grows_is_slower_from_some_number_of_services_on():
    found = pair(mode(*STEEP), mode(*FLAT, seed=2)).break_even(1.0)
    assert found.better == "nftables"
    assert found.services.low <= 500 <= found.services.high
    assert found.services.high - found.services.low < 100


def test_the_difference_of_first_packets_is_known_at_both_ends():
    both = pair(mode(*STEEP), mode(*FLAT, seed=2))
    assert both.longer_us(0).low <= -20 <= both.longer_us(0).high
    assert both.longer_us(10000).low <= 380 <= both.longer_us(10000).high


def test_with_fewer_new_connections_a_difference_matters_only_at_more_services():
    both = pair(mode(*STEEP), mode(*FLAT, seed=2))
    # The difference is 40 us per 1,000 Services minus 20 us; times the share, it reaches 1% of 500 us plus the share of
    # 80 us at these numbers of Services.
    for share, services in ((1.0, 645), (0.1, 1770)):
        found = both.break_even(share, by=0.01)
        assert found.better == "nftables"
        assert found.services.low <= services <= found.services.high
    assert both.break_even(0.01, by=0.01) == BreakEven(alike=True)


def test_break_even_does_not_depend_on_the_share_of_new_connections():
    both = pair(mode(*STEEP), mode(*FLAT, seed=2))
    assert both.break_even(0.01).services.value == pytest.approx(both.break_even(1.0).services.value)


def test_a_difference_on_persistent_connections_does_not_change_break_even():
    slow, fast = mode("iptables", 60, 40, kept_us=1472), mode("nftables", 80, 0, kept_us=846, seed=2)
    found = pair(slow, fast).break_even(1.0)
    assert found.services.low <= 500 <= found.services.high


def test_uncertainty_on_persistent_connections_widens_the_interval_for_a_relevant_difference():
    def width(*kept_us):
        ours, theirs = (mode(*line, kept_us=us, seed=us) for line, us in zip((STEEP, FLAT), kept_us, strict=True))
        found = pair(ours, theirs).break_even(0.1, by=0.01).services
        return found.high - found.low

    # 40 us per 1,000 Services in a tenth of requests equal 1% of 10 us at 25 Services; 12.7 is the quantile of t(1).
    assert width(490, 510) == pytest.approx(2 * 12.7 * 25, rel=0.2)
    assert width(500, 501) < 200


def test_a_mode_can_be_faster_at_every_number_of_services():
    found = pair(mode("nftables", 60, 0), mode("iptables", 70, 40, seed=2)).break_even(1.0)
    assert found == BreakEven("nftables")


def test_the_interval_of_break_even_can_start_at_zero():
    found = pair(mode("nftables", 60, 0, error_us=5), mode("iptables", 60, 40, seed=2, error_us=5)).break_even(1.0)
    assert (found.better, found.services.low) == ("nftables", 0.0)
    assert found.services.high < 400


def test_equal_modes_have_no_break_even():
    both = pair(mode("a", 60, 0), mode("b", 60, 0, seed=2))
    assert both.break_even(1.0) == BreakEven()
    assert both.break_even(1.0, by=0.01) == BreakEven(alike=True)


def test_an_error_that_all_steps_share_widens_the_interval_at_zero_services():
    def width(common_us):
        ours = mode("iptables", 60, 40)
        ours = ModeCost(ours.mode, ours.first_packet, ours.kept, common_us, KNOWN_WELL)
        found = pair(ours, mode(*FLAT, seed=2)).longer_us(0)
        return found.high - found.low

    assert width(10.0) == pytest.approx(2 * 1.96 * 10.0, rel=0.1)
    assert width(0.0) < 3


@pytest.mark.parametrize("common_us", [0.0, 6.0])
def test_the_interval_contains_the_true_value_in_95_percent_of_runs(common_us):
    covered = 0
    for seed in range(0, 400, 2):
        ours = mode(*STEEP, seed=seed, error_us=3.0, common_us=common_us)
        theirs = mode(*FLAT, seed=seed + 1, error_us=3.0, common_us=common_us)
        found = pair(ours, theirs).break_even(1.0)
        covered += found.services.low <= 500 <= found.services.high
    assert 180 <= covered <= 199


def test_swapped_modes_give_the_same_result_except_for_sign_and_random_draws():
    ours, theirs = mode(*STEEP, error_us=5.0, common_us=3.0), mode(*FLAT, seed=2, error_us=5.0, kept_us=450)
    swapped, original = pair(theirs, ours), pair(ours, theirs)
    assert swapped.break_even(1.0).better == original.break_even(1.0).better == "nftables"
    assert original.longer_us(10_000).value == pytest.approx(-swapped.longer_us(10_000).value, rel=0.05)


def test_no_mode_is_better_while_the_interval_of_the_difference_contains_zero():
    shorter, longer = (
        ModeCost(name, tuple((number, us) for number in SERVICES), 500.0, run_error=5.0, run_freedom=KNOWN_WELL)
        for name, us in (("ipvs", 100.0), ("iptables", 112.8))
    )
    both = pair(shorter, longer)  # apart by 1.81 standard errors
    assert both.longer_us(10000).low < 0 < both.longer_us(10000).high
    assert both.break_even(1.0) == BreakEven()
