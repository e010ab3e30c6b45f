"""The cost per rule in quick sweeps: where it cannot be known, the report says so and no check raises."""

import pytest

from clusters.spec import Mode
from harness.performance.cost_per_rule import MANY_RULES, Walk
from harness.performance.sweep.step import cost_per_rule_finding
from harness.statistics.comparison import Range
from reports.model.findings import SelfCheckFinding
from reports.writers.sentences import sentence
from suites.performance.test_sweep import checks
from tests.fakes.cluster.sweep import step_of

QUICK = (0, 10, 100, 0)
"""The numbers of Services of a sweep with `--most-services=300`."""


def step(services, rules, noise_us=3.0):
    """Return a step with a cost of 25 ns per rule, whose targets are at most `rules` rules apart."""
    walks = tuple(Walk(rules, 0.025 * rules + noise) for noise in (-noise_us, 0.0, noise_us) if rules)
    return step_of(services, aa_pairs=(Range(0, -1, 1),) * 3, walks=walks, chain_walks=walks)


def few_rules():
    """Return the steps of a quick sweep: each has a dozen target Services, whose rules are in the chain too."""
    return [step(services, services + 11) for services in QUICK]


def checked(steps):
    """Return the self-check of a quick sweep, of whose steps only these are valid."""
    return SelfCheckFinding(mode="iptables", checks=tuple(checks(steps, len(QUICK), Mode.IPTABLES)))


def test_a_sweep_whose_steps_all_have_few_rules_fails_the_check_in_words():
    found = checked(few_rules())
    assert not found.holds
    assert sentence(found).statement.endswith("and not both are known to within 25%.")


def test_a_sweep_whose_rules_moved_in_every_step_fails_the_check_in_words():
    found = checked(
        [step_of(services, aa_pairs=(Range(0, -1, 1),) * 3, chain_walks=(Walk(9, 1.0),)) for services in QUICK]
    )
    assert not found.holds
    assert sentence(found).statement.endswith("so the cost per rule is unknown.")


def test_a_sweep_with_valid_steps_at_zero_services_only_fails_the_check_in_words():
    found = checked([one for one in few_rules() if one.services == 0])
    assert not found.holds
    assert "2 of 4 steps are valid, 2 of them at zero Services" in sentence(found).statement


@pytest.mark.parametrize(
    "steps",
    [few_rules(), [one for one in few_rules() if one.services == 0], [step_of(1000)], []],
    ids=["few rules", "zero Services only", "rules moved", "no valid step"],
)
def test_an_unknown_cost_per_rule_is_reported_in_words(steps):
    found = cost_per_rule_finding(steps, "iptables")
    assert found.steps == ()
    assert sentence(found).statement.startswith("The cost per rule in iptables mode is unknown: no valid step")
    assert f"{MANY_RULES} or more rules" in sentence(found).statement


def test_one_step_with_many_rules_is_enough_to_report_a_cost_per_rule():
    (only,) = cost_per_rule_finding([*few_rules(), step(1000, 1011)], "iptables").steps
    assert only.rule_ns == 25
