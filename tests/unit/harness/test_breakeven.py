"""Modes with known costs."""

import numpy as np
import pytest

from harness.measure.breakeven import ModeCost, break_even
from harness.measure.contrast import Range

SERVICES = (0, 100, 1000, 5000, 10000)


def near(value, generator, error):
    seen = generator.normal(value, error)
    return Range(seen, seen - 1.96 * error, seen + 1.96 * error)


def mode(name, fixed_us, per_1000_us, kept_us, *, seed=1, error_us=0.5):
    generator = np.random.default_rng(seed)
    steps = tuple(
        (services, near(fixed_us + per_1000_us * services / 1000, generator, error_us)) for services in SERVICES
    )
    return ModeCost(name, steps, near(kept_us, generator, error_us), restlessness=error_us)


def compare(ours, theirs, new_share=1.0):
    return break_even(ours, theirs, new_share, np.random.default_rng(9))


def test_the_mode_that_grows_is_worse_from_some_number_on():
    found = compare(mode("iptables", 60, 40, 100), mode("nftables", 80, 0, 100, seed=2))
    assert found.better_above == "nftables"
    assert found.services.low <= 500 <= found.services.high
    assert found.services.high - found.services.low < 300


def test_the_fewer_new_connections_the_later_what_kept_ones_cost_is_made_good():
    iptables, nftables = mode("iptables", 60, 40, 100), mode("nftables", 60, 0, 110, seed=2)
    often, seldom = compare(iptables, nftables, 0.5), compare(iptables, nftables, 0.05)
    assert often.services.low <= 500 <= often.services.high
    assert seldom.services.low <= 5000 <= seldom.services.high


def test_a_mode_may_be_better_at_every_number():
    found = compare(mode("nftables", 60, 0, 100), mode("iptables", 70, 40, 100, seed=2))
    assert (found.better_above, found.services) == ("nftables", None)


def test_equal_modes_cannot_be_told_apart():
    assert compare(mode("a", 60, 0, 100), mode("b", 60, 0, 100, seed=2)).better_above is None


def test_the_interval_holds_the_truth_in_95_of_100_runs():
    held = 0
    for seed in range(0, 200, 2):
        ours = mode("iptables", 60, 40, 100, seed=seed, error_us=1.0)
        theirs = mode("nftables", 80, 0, 100, seed=seed + 1, error_us=1.0)
        found = compare(ours, theirs)
        held += found.services.low <= 500 <= found.services.high
    assert held >= 88


def test_the_order_of_the_two_is_no_matter():
    ours, theirs = mode("iptables", 60, 40, 100), mode("nftables", 80, 0, 100, seed=2)
    assert compare(theirs, ours).better_above == "nftables"
    assert compare(theirs, ours).services.value == pytest.approx(compare(ours, theirs).services.value, rel=0.1)
