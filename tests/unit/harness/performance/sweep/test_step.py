from harness.performance.cost_per_rule import Walk
from harness.performance.sweep.step import cost_per_rule_finding, valid_steps
from reports.model.findings import StepCostPerRule
from tests.fakes.cluster.sweep import step_of, with_latencies
from tests.unit.reports.sample import measured

GOOD = step_of(1000, measurements=(measured(1000),))


def test_an_invalid_step_keeps_its_numbers_and_is_in_no_conclusion():
    bad = GOOD.invalidated("the generator lost 1 of its workers")
    (found,) = bad.measurements
    assert found.invalid_reason == "the generator lost 1 of its workers"
    assert not found.concludes
    assert found.quantiles == measured(1000).quantiles
    assert valid_steps([GOOD, bad]) == [GOOD]
    assert GOOD.invalidated("") is GOOD


def test_a_step_keeps_every_reason_for_which_it_is_invalid():
    bad = GOOD.invalidated("the generator lost 1 of its workers").invalidated("").invalidated("a table was full")
    assert bad.invalid_reason == "the generator lost 1 of its workers; a table was full"
    (found,) = bad.measurements
    assert found.invalid_reason == bad.invalid_reason


def test_the_cost_per_rule_is_reported_for_steps_with_many_rules():
    few = with_latencies(GOOD, walks=(Walk(90, 2.0),), chain_walks=(Walk(90, 3.0),))
    many = with_latencies(
        GOOD, walks=(Walk(500, 9.0), Walk(1000, 17.0), Walk(1000, 19.0)), chain_walks=(Walk(1000, 16.0),)
    )
    found = cost_per_rule_finding([few, many], "iptables")
    assert found.steps == (StepCostPerRule(services=1000, rules_walked=1000, rule_ns=18.0, calibrated_rule_ns=16.0),)
