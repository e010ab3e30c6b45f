import numpy as np
import pytest

from harness.performance.conclusions.self_check import (
    check_aa_pairs,
    check_cost_per_rule,
    check_cost_per_service,
    check_delay,
    check_steps,
    detectable,
)
from harness.performance.conclusions.swept import swept_steps
from harness.statistics.comparison import Range
from harness.statistics.line import Lines
from reports.model import Interval, MeasurementName
from reports.model.findings import MeasuredDelay, NoCostPerRule, SelfCheckFinding
from tests.fakes.cluster.sweep import median_of_step
from tests.unit.harness.performance.conclusions.test_cost_per_rule import step, steps


def growing(value_us, half_us):
    return Range(value_us, value_us - half_us, value_us + half_us)


def aa_pairs(alike, different):
    """Return steps with these numbers of A/A pairs, of which some differ by more than their intervals."""
    measurements = []
    for number in range(alike + different):
        measurements.append(median_of_step(0, 100.0, number=number, position="end"))
        again_us, name = 100.0 + 5 * (number >= alike), MeasurementName.FIRST_PACKET_AA
        measurements.append(median_of_step(0, again_us, number=number, position="end", name=name))
    return swept_steps(measurements)


def test_too_few_valid_steps_fail_the_check():
    whole = check_steps([0, 10, 1000, 0], made=4)
    assert whole.holds
    assert (whole.made, whole.valid, whole.valid_at_zero) == (4, 4, 2)
    assert not check_steps([0, 1000, 0], made=4).holds
    assert not check_steps([0, 10, 1000, 100], made=4).holds
    assert not check_steps([0, 0, 0, 0], made=4).holds
    nothing = check_steps([], made=4)
    assert not nothing.holds
    assert (nothing.made, nothing.valid, nothing.least, nothing.least_at_zero) == (4, 0, 4, 2)


def test_as_many_aa_pairs_may_differ_as_chance_allows():
    check = check_aa_pairs(aa_pairs(20, 0))
    assert check.holds
    assert (check.pairs, check.alike, check.least) == (20, 20, 16)
    assert check_aa_pairs(aa_pairs(17, 3)).holds
    assert not check_aa_pairs(aa_pairs(15, 5)).holds
    assert not check_aa_pairs([]).holds


SERVICES = (1000, 3000, 5000, 8000, 10000, 8000, 5000, 3000, 1000)


def swept_beside_chain(*, rule_us=0.016, apart_us=0.0, scatter_us=0.0001, seed=1, services=SERVICES):
    """Return steps in which a rule costs `apart_us` more than in the chain; both vary alike from step to step."""
    generator = np.random.default_rng(seed)
    made = []
    for number, count in enumerate(services):
        swept_us = rule_us * generator.normal(1, 0.05) + apart_us
        chain_us = swept_us - apart_us + generator.normal(0, scatter_us)
        made.append(step(count, rule_us=swept_us, chain_us=chain_us, number=number))
    return steps(*made)


def test_a_rule_must_cost_nearly_as_much_as_in_the_calibration_chain():
    check = check_cost_per_rule(swept_beside_chain())
    assert check.holds, check
    assert check.sweep_ns.value == pytest.approx(16, abs=1)
    assert check.allowed_ns == 2
    assert check_cost_per_rule(swept_beside_chain(apart_us=0.001)).holds
    assert not check_cost_per_rule(swept_beside_chain(apart_us=0.003)).holds
    assert not check_cost_per_rule(swept_beside_chain(apart_us=-0.003)).holds


def test_a_cheap_rule_may_differ_by_a_quarter_of_its_cost():
    check = check_cost_per_rule(swept_beside_chain(rule_us=0.004))
    assert check.allowed_ns == pytest.approx(check.chain_ns.value / 4)


def test_a_sweep_to_fewer_services_allows_a_larger_difference():
    few = (1000, 1000, 1000)
    check = check_cost_per_rule(swept_beside_chain(apart_us=0.003, services=few))
    assert check.holds
    assert check.allowed_ns == pytest.approx(check.chain_ns.value / 4)
    assert not check_cost_per_rule(swept_beside_chain(apart_us=0.006, services=few)).holds


def test_a_difference_of_2_ns_is_detected_in_four_of_five_sweeps():
    found = [check_cost_per_rule(swept_beside_chain(apart_us=0.002, scatter_us=0.001, seed=n)) for n in range(100)]
    assert sum(not check.holds for check in found) >= 80
    assert np.median([check.detectable_ns for check in found]) == pytest.approx(1.5, abs=0.2)


def test_equal_costs_fail_the_check_in_few_sweeps():
    found = [check_cost_per_rule(swept_beside_chain(scatter_us=0.001, seed=n)) for n in range(100)]
    assert sum(not check.holds for check in found) <= 5


def test_what_fails_in_four_of_five_sweeps_lies_below_what_is_allowed():
    assert detectable(Range(0.0, -1.0, 1.0), 9, allowed=2.0) == pytest.approx(2 - (1 - 0.889 / 2.306), abs=1e-3)
    assert detectable(Range(0.0, -9.0, 9.0), 9, allowed=2.0) == 0


def test_imprecise_costs_fail_the_check_even_if_they_agree():
    check = check_cost_per_rule(swept_beside_chain(scatter_us=0.01))
    assert check.apart_ns.low < 0 < check.apart_ns.high
    assert not check.holds


def test_the_cost_per_rule_is_unknown_without_a_chain_or_without_rules_that_stay():
    numbered = list(enumerate(SERVICES))
    without_chain = steps(*(step(services, number=number)[:2] for number, services in numbered))
    moved = steps(*(step(services, number=number, moved=True) for number, services in numbered))
    few = steps(*(step(100, number=number) for number, _ in numbered))
    assert check_cost_per_rule(without_chain).unknown is NoCostPerRule.NO_CHAIN
    assert check_cost_per_rule(moved).unknown is NoCostPerRule.RULES_MOVED
    assert check_cost_per_rule(few).unknown is NoCostPerRule.FEW_RULES
    assert not check_cost_per_rule(few).holds


def test_a_look_up_must_cost_nothing_with_a_narrow_interval_in_a_long_sweep():
    assert check_cost_per_service(growing(0.1, 0.2), 10000).holds
    assert not check_cost_per_service(growing(0.1, 0.6), 10000).holds
    assert not check_cost_per_service(growing(0.4, 0.2), 10000).holds
    assert check_cost_per_service(growing(0.1, 0.6), 1000).holds


def test_one_failed_check_is_enough_to_conclude_nothing():
    good, bad = check_aa_pairs(aa_pairs(20, 0)), check_cost_per_service(growing(0.4, 0.2), 10000)
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
