import numpy as np
import pytest

from harness.performance.conclusions.self_check import (
    check_aa_pairs,
    check_cost_per_rule,
    check_cost_per_service,
    check_delay,
    check_steps,
)
from harness.performance.cost_per_rule import Walk
from harness.statistics.comparison import Range
from harness.statistics.line import Lines
from harness.statistics.slope import Slope
from reports.model import Interval
from reports.model.findings import MeasuredDelay, NoCostPerRule, SelfCheckFinding


def slope(value, half):
    return Slope(value, value - half, value + half, 0.0)


def aa_pairs(alike, different):
    return [Range(0.1, -1.0, 1.0)] * alike + [Range(3.0, 1.0, 5.0)] * different


def test_too_few_valid_steps_fail_the_check():
    whole = check_steps([0, 10, 1000, 0], made=4)
    assert whole.holds
    assert (whole.made, whole.valid, whole.valid_at_zero) == (4, 4, 2)
    assert check_steps([0, 1000, 0], made=4).holds
    assert not check_steps([0, 10, 1000], made=4).holds
    assert not check_steps([0, 0, 0], made=4).holds
    nothing = check_steps([], made=4)
    assert not nothing.holds
    assert (nothing.made, nothing.valid, nothing.least, nothing.least_at_zero) == (4, 0, 3, 2)


def test_as_many_aa_pairs_may_differ_as_chance_allows():
    check = check_aa_pairs(aa_pairs(20, 0))
    assert check.holds
    assert (check.pairs, check.alike, check.least) == (20, 20, 16)
    assert check_aa_pairs(aa_pairs(17, 3)).holds
    assert not check_aa_pairs(aa_pairs(15, 5)).holds


def steps_of(us_per_rule, factors=(1.0, 0.95, 1.04, 1.0)):
    """Return steps of chains of different lengths; the cost per rule is multiplied by one factor in each step."""
    lengths = (100, 1000, 2000, 5000)[: len(factors)]
    return [
        [Walk(n, us_per_rule * factor * n + noise) for noise in (-1, 0, 1)]
        for n, factor in zip(lengths, factors, strict=True)
    ]


def test_a_rule_must_cost_as_much_as_in_the_calibration_chain():
    check = check_cost_per_rule(steps_of(0.025), steps_of(0.026, factors=(1.0, 1.06, 0.97, 1.0)))
    assert check.holds, check
    assert (round(check.sweep_ns.value, 2), round(check.chain_ns.value, 2)) == (25.13, 26.01)
    assert not check_cost_per_rule(steps_of(0.025), steps_of(0.035)).holds


def test_steps_with_few_rules_are_used_only_if_too_few_others_exist():
    """A rule costs 25 ns, plus a constant 3 us before the processor starts to prefetch."""
    cold = [[Walk(n, 0.025 * n + 3.0 + noise) for noise in (-0.1, 0, 0.1)] for n in (20, 120, 1500, 3000, 9000)]
    assert check_cost_per_rule(cold, cold[2:]).sweep_ns.value < 27
    assert check_cost_per_rule(cold, cold[2:]).holds
    assert check_cost_per_rule(cold[:4], cold[2:]).sweep_ns.value > 40


def test_imprecise_costs_fail_the_check_even_if_they_agree():
    noisy = steps_of(0.025, factors=(1.0, 0.5, 1.6, 1.0))
    check = check_cost_per_rule(noisy, noisy)
    assert not check.holds
    assert not check.precise


def test_the_cost_per_rule_is_unknown_without_a_chain_or_without_rules_that_stay():
    assert check_cost_per_rule(steps_of(0.025), []).unknown is NoCostPerRule.NO_CHAIN
    assert check_cost_per_rule([], steps_of(0.025)).unknown is NoCostPerRule.RULES_MOVED
    assert not check_cost_per_rule(steps_of(0.025, factors=(1.0, 1.0)), steps_of(0.025)).holds


def test_a_look_up_must_cost_nothing_with_a_narrow_interval_in_a_long_sweep():
    assert check_cost_per_service(slope(0.0001, 0.0002), 10000).holds
    assert not check_cost_per_service(slope(0.0001, 0.0006), 10000).holds
    assert not check_cost_per_service(slope(0.0004, 0.0002), 10000).holds
    assert check_cost_per_service(slope(0.0001, 0.0006), 1000).holds


def test_one_failed_check_is_enough_to_conclude_nothing():
    good, bad = check_aa_pairs(aa_pairs(20, 0)), check_cost_per_service(slope(0.1, 0.01), 10000)
    assert SelfCheckFinding(mode="nftables", checks=(good,)).holds
    assert not SelfCheckFinding(mode="nftables", checks=(good, bad)).holds
    assert not SelfCheckFinding(mode="nftables", checks=()).holds


def lines_of(slope, constant_us):
    """Return lines whose slopes scatter by 1% and whose constants by 0.1 us."""
    deviations = np.linspace(-2, 2, 4000)
    return Lines(np.vstack([constant_us + 0.1 * deviations, slope * (1 + 0.01 * deviations)]))


def test_a_known_delay_is_checked_by_the_slope_over_several_delays():
    found = {50: Range(55.0, 54.0, 56.0), 200: Range(205.0, 204.0, 206.0)}
    check = check_delay(found, 1, lines_of(1.002, 5.0))
    assert check.holds
    assert (check.slope.value, check.constant_us, check.passages) == (pytest.approx(1.002), pytest.approx(5), 1)
    assert check.delays[1] == MeasuredDelay(200, Interval(205.0, 204.0, 206.0))
    assert not check_delay(found, 2, lines_of(0.5, 5.0)).holds
