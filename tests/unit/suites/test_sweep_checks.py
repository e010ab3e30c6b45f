"""The cost per rule in quick sweeps: where it cannot be known, the report says so and no check raises."""

import pytest

from clusters.spec import Mode
from harness.performance.conclusions.cost_per_rule import MANY_RULES, cost_per_rule_finding
from reports.model.findings import SelfCheckFinding
from reports.writers.sentences import sentence
from suites.performance.test_sweep import checks
from tests.unit.harness.performance.conclusions.test_cost_per_rule import step, steps

QUICK = (0, 10, 100, 0)
"""The numbers of Services of a sweep with `--most-services=300`."""


def few_rules():
    """Return the steps of a quick sweep: the last of a dozen target Services is at most 111 rules behind the first."""
    return steps(*(step(services, number=number) for number, services in enumerate(QUICK)))


def checked(steps):
    """Return the self-check of a quick sweep, of whose steps only these are valid."""
    return SelfCheckFinding(mode="iptables", checks=tuple(checks(steps, len(QUICK), Mode.IPTABLES)))


def test_a_sweep_whose_steps_all_have_few_rules_fails_the_check_in_words():
    found = checked(few_rules())
    assert not found.holds
    assert sentence(found).statement.endswith(
        "too few steps have many rules to traverse, so the cost per rule is unknown."
    )


def test_a_sweep_whose_rules_moved_in_every_step_fails_the_check_in_words():
    services = (0, 1000, 3000, 5000, 0)
    found = checked(steps(*(step(one, number=number, moved=True) for number, one in enumerate(services))))
    assert not found.holds
    assert sentence(found).statement.endswith("so the cost per rule is unknown.")


def test_a_sweep_with_valid_steps_at_zero_services_only_fails_the_check_in_words():
    found = checked([one for one in few_rules() if one.services == 0])
    assert not found.holds
    assert "2 of 4 steps are valid, 2 of them at zero Services" in sentence(found).statement


@pytest.mark.parametrize(
    "swept",
    [few_rules(), few_rules()[:1], steps(step(1000, moved=True)), []],
    ids=["few rules", "zero Services only", "rules moved", "no valid step"],
)
def test_an_unknown_cost_per_rule_is_reported_in_words(swept):
    found = cost_per_rule_finding(swept, "iptables")
    assert found.steps == ()
    assert sentence(found).statement.startswith("The cost per rule in iptables mode is unknown: no valid step")
    assert f"{MANY_RULES} or more rules" in sentence(found).statement


def test_one_step_with_many_rules_is_enough_to_report_a_cost_per_rule():
    (only,) = cost_per_rule_finding([*few_rules(), *steps(step(1000, number=9))], "iptables").steps
    assert only.rule_ns == pytest.approx(50)
