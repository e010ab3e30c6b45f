"""Simulated chains whose cost per rule is known."""

import pytest

from harness.performance.conclusions.cost_per_rule import cost_per_rule_finding, step_costs
from harness.performance.conclusions.swept import swept_steps
from reports.model import MeasurementName
from reports.model.findings import StepCostPerRule
from tests.fakes.cluster.sweep import median_of_step


def step(services, *, rule_us=0.05, chain_us=0.05, number=0, moved=False, half_us=1.0):
    """Return the measurements of a step whose last Service is behind `services` more rules than the first one."""
    places = {"head": 3, "end": 3 + services}
    swept = [
        median_of_step(
            services,
            100 + rule_us * rules,
            half_us=half_us,
            number=number,
            position=position,
            rules_walked=rules,
            rules_walked_after=rules + moved,
        )
        for position, rules in places.items()
    ]
    chain = [
        median_of_step(
            services,
            40 + chain_us * rules,
            half_us=half_us,
            number=number,
            name=MeasurementName.CALIBRATION_CHAIN,
            rules_walked=rules,
        )
        for rules in places.values()
    ]
    return [*swept, *chain]


def steps(*made):
    return swept_steps([found for one in made for found in one])


def test_the_cost_per_rule_is_the_difference_of_two_places_over_the_rules_between_them():
    (found,) = step_costs(steps(step(1000, rule_us=0.05, chain_us=0.048)))
    assert (found.services, found.rules) == (1000, 1000)
    assert found.sweep_ns == pytest.approx(50)
    assert found.chain_ns == pytest.approx(48)


@pytest.mark.parametrize(
    "measurements",
    [step(100), step(1000, moved=True), step(1000)[:2], step(1000)[2:]],
    ids=["few rules", "kube-proxy moved a rule", "no chain", "no Service"],
)
def test_a_step_without_two_places_that_stayed_far_apart_shows_no_cost(measurements):
    assert not list(step_costs(steps(measurements)))
    assert cost_per_rule_finding(steps(measurements), "iptables").steps == ()


def test_the_cost_per_rule_is_reported_for_steps_with_many_rules():
    found = cost_per_rule_finding(steps(step(90, number=0), step(1000, number=1, chain_us=0.048)), "iptables")
    assert found.steps == (
        StepCostPerRule(
            services=1000,
            rules_walked=1000,
            rule_ns=pytest.approx(50),
            calibrated_rule_ns=pytest.approx(48),
        ),
    )
