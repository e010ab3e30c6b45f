"""Walks with a known cost."""

import numpy as np

from harness.measure.rulecost import Walk, agree, rule_cost
from harness.measure.slope import slope_of_steps

LENGTHS = (10, 100, 1000, 5000, 10000)


def walks(us_per_rule, seed, noise_us=3.0):
    generator = np.random.default_rng(seed)
    return [Walk(rules, us_per_rule * rules + generator.normal(0, noise_us)) for rules in LENGTHS for _ in range(20)]


def test_the_cost_of_a_rule_is_found():
    held = 0
    for seed in range(100):
        found = rule_cost(walks(0.025, seed))
        held += found.low <= 0.025 <= found.high
    assert held >= 88


def test_rules_that_cost_nothing_are_told_within_a_nanosecond():
    found = rule_cost(walks(0.0, 1))
    assert found.low <= 0 <= found.high
    assert found.high - found.low < 0.001


def test_equal_costs_agree_and_others_do_not():
    assert agree(rule_cost(walks(0.025, 1)), rule_cost(walks(0.025, 2)))
    assert not agree(rule_cost(walks(0.025, 1)), rule_cost(walks(0.035, 2)))


def test_what_moves_whole_steps_is_in_the_interval_of_a_slope_over_steps():
    """Of 100 intervals of 95% fewer than 88 would hold the truth less than once in 500 times."""
    x = [0, 10, 100, 1000, 2000, 5000, 10000, 0]
    held = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        found = slope_of_steps(x, [100 + 0.02 * services + generator.normal(0, 5) for services in x])
        held += found.low <= 0.02 <= found.high
    assert held >= 88
