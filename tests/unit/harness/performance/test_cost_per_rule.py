"""Simulated chains with a known cost per rule."""

import numpy as np
import pytest

from harness.performance.cost_per_rule import Place, Walk, agree, cost_per_rule, walks
from harness.statistics.slope import slope_of_steps

LENGTHS = (10, 100, 1000, 5000, 10000)


def steps_of(us_per_rule, seed, noise_us=3.0, spread=0.03):
    """Return steps of chains of different lengths, whose cost per rule varies between steps by a share of `spread`."""
    generator = np.random.default_rng(seed)
    costs_us = us_per_rule * (1 + generator.normal(0, spread, len(LENGTHS)))
    return [
        [Walk(rules, cost_us * rules + generator.normal(0, noise_us)) for _ in range(20)]
        for rules, cost_us in zip(LENGTHS, costs_us, strict=True)
    ]


@pytest.mark.parametrize("spread", [0.0, 0.03])
def test_the_interval_contains_the_true_cost_per_rule(spread):
    covered = 0
    for seed in range(100):
        found = cost_per_rule(steps_of(0.025, seed, spread=spread))
        covered += found.low <= 0.025 <= found.high
    assert covered >= 88


def test_a_cost_of_zero_is_known_to_within_two_nanoseconds():
    found = cost_per_rule(steps_of(0.0, 1))
    assert found.low <= 0 <= found.high
    assert found.high - found.low < 0.002


def test_equal_costs_agree_and_different_costs_do_not():
    assert agree(cost_per_rule(steps_of(0.025, 1)), cost_per_rule(steps_of(0.025, 2)))
    assert not agree(cost_per_rule(steps_of(0.025, 1)), cost_per_rule(steps_of(0.035, 2)))


def test_the_interval_of_a_slope_over_steps_includes_disturbances_of_whole_steps():
    """Of 100 intervals of 95%, fewer than 88 contain the true value with a probability below 1 in 500."""
    x = [0, 10, 100, 1000, 2000, 5000, 10000, 0]
    covered = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        found = slope_of_steps(x, [100 + 0.02 * services + generator.normal(0, 5) for services in x])
        covered += found.low <= 0.02 <= found.high
    assert covered >= 88


def test_each_later_place_is_compared_with_the_first_in_the_blocks_that_both_have():
    first = Place(3, {0: 50.0, 1: 60.0})
    middle, last = Place(503, {0: 65.0, 1: 74.0}), Place(1003, {1: 90.0, 2: 95.0})
    assert list(walks([first, middle, last])) == [Walk(500, 15.0), Walk(500, 14.0), Walk(1000, 30.0)]


def test_a_single_place_yields_no_comparison():
    assert list(walks([Place(3, {0: 50.0})])) == []
    assert list(walks([])) == []
