"""Modes with known costs."""

import numpy as np
import pytest

from harness.performance.break_even import BreakEven, ModeCost, Pair

SERVICES = (0, 10, 100, 1000, 2000, 5000, 10000, 0)
STEEP = ("iptables", 60, 40)
FLAT = ("nftables", 80, 0)


def mode(name, fixed_us, per_1000_us, *, kept_us=500.0, seed=1, error_us=0.5, common_us=0.0):
    """One whose steps lie `error_us` from its line, and which knows of `common_us` that all of them share."""
    generator = np.random.default_rng(seed)
    moved_us = generator.normal(0, common_us)
    steps = tuple(
        (services, moved_us + generator.normal(fixed_us + per_1000_us * services / 1000, error_us))
        for services in SERVICES
    )
    return ModeCost(name, steps, kept_us, common_us)


def pair(ours, theirs):
    return Pair(ours, theirs, np.random.default_rng(9))


def test_the_mode_that_grows_is_worse_from_some_number_on():
    found = pair(mode(*STEEP), mode(*FLAT, seed=2)).break_even(1.0)
    assert found.better == "nftables"
    assert found.services.low <= 500 <= found.services.high
    assert found.services.high - found.services.low < 100


def test_a_first_packet_is_told_with_its_difference_at_both_ends():
    both = pair(mode(*STEEP), mode(*FLAT, seed=2))
    assert both.longer_us(0).low <= -20 <= both.longer_us(0).high
    assert both.longer_us(10000).low <= 380 <= both.longer_us(10000).high


def test_the_fewer_new_connections_the_later_a_difference_is_worth_a_thought():
    both = pair(mode(*STEEP), mode(*FLAT, seed=2))
    # 40 us a thousand Services by 20 us fewer at none: 1% of 500 and of a share of 80 us is made at these numbers.
    for share, services in ((1.0, 645), (0.1, 1770)):
        found = both.break_even(share, by=0.01)
        assert found.better == "nftables"
        assert found.services.low <= services <= found.services.high
    assert both.break_even(0.01, by=0.01) == BreakEven(alike=True)


def test_where_modes_are_even_does_not_depend_on_the_share_of_new_connections():
    both = pair(mode(*STEEP), mode(*FLAT, seed=2))
    assert both.break_even(0.01).services.value == pytest.approx(both.break_even(1.0).services.value)


def test_what_kept_connections_took_in_two_runs_is_no_difference_of_modes():
    calm, restless = mode("iptables", 60, 40, kept_us=1472), mode("nftables", 80, 0, kept_us=846, seed=2)
    found = pair(calm, restless).break_even(1.0)
    assert found.services.low <= 500 <= found.services.high


def test_the_less_is_known_of_kept_requests_the_less_it_is_known_what_is_worth_a_thought():
    def width(*kept_us):
        ours, theirs = (mode(*line, kept_us=us, seed=us) for line, us in zip((STEEP, FLAT), kept_us, strict=True))
        found = pair(ours, theirs).break_even(0.1, by=0.01).services
        return found.high - found.low

    # 40 us a thousand Services in a tenth of all requests make 1% of 100 us at 250 of them.
    assert width(400, 600) == pytest.approx(2 * 1.96 * 250, rel=0.2)
    assert width(500, 501) < 200


def test_a_mode_may_be_better_at_every_number():
    found = pair(mode("nftables", 60, 0), mode("iptables", 70, 40, seed=2)).break_even(1.0)
    assert found == BreakEven("nftables")


def test_one_that_is_better_at_the_end_may_be_so_from_the_first_on():
    found = pair(mode("nftables", 60, 0, error_us=5), mode("iptables", 60, 40, seed=2, error_us=5)).break_even(1.0)
    assert (found.better, found.services.low) == ("nftables", 0.0)
    assert found.services.high < 400


def test_equal_modes_cannot_be_told_apart():
    both = pair(mode("a", 60, 0), mode("b", 60, 0, seed=2))
    assert both.break_even(1.0) == BreakEven()
    assert both.break_even(1.0, by=0.01) == BreakEven(alike=True)


def test_what_all_steps_share_widens_what_is_said_without_services():
    def width(common_us):
        ours = mode("iptables", 60, 40)
        ours = ModeCost(ours.mode, ours.first_packet, ours.kept, common_us)
        found = pair(ours, mode(*FLAT, seed=2)).longer_us(0)
        return found.high - found.low

    assert width(10.0) == pytest.approx(2 * 1.96 * 10.0, rel=0.1)
    assert width(0.0) < 3


@pytest.mark.parametrize("common_us", [0.0, 6.0])
def test_the_interval_holds_the_truth_in_95_of_100_runs(common_us):
    held = 0
    for seed in range(0, 400, 2):
        ours = mode(*STEEP, seed=seed, error_us=3.0, common_us=common_us)
        theirs = mode(*FLAT, seed=seed + 1, error_us=3.0, common_us=common_us)
        found = pair(ours, theirs).break_even(1.0)
        held += found.services.low <= 500 <= found.services.high
    assert 180 <= held <= 199


def test_swapped_modes_differ_by_the_sign_and_the_draws_alone():
    ours, theirs = mode(*STEEP, error_us=5.0, common_us=3.0), mode(*FLAT, seed=2, error_us=5.0, kept_us=450)
    there, here = pair(theirs, ours), pair(ours, theirs)
    assert there.break_even(1.0).better == here.break_even(1.0).better == "nftables"
    assert here.longer_us(10_000).value == pytest.approx(-there.longer_us(10_000).value, rel=0.05)
