from dataclasses import replace

from kubernetes.client.exceptions import ApiException

from harness.dataplane.reader import RuleCount
from harness.load.step import Step, rule_cost_finding, sound
from harness.load.sweep import _bring_to
from harness.measure.rulecost import Walk
from tests.unit.reports.sample import measured

GOOD = Step(1000, (measured(1000),), {}, RuleCount(0, {}), 1.0)


def test_a_flawed_step_keeps_its_numbers_and_is_in_no_conclusion():
    bad = GOOD.flawed("1 of the generator's workers were lost")
    (found,) = bad.measurements
    assert found.flags == ("in no conclusion: 1 of the generator's workers were lost",)
    assert found.quantiles == measured(1000).quantiles
    assert sound([GOOD, bad]) == [GOOD]
    assert GOOD.flawed("") is GOOD


class Fillers:
    def __init__(self, failure):
        self.failure = failure

    def bring_to(self, services):
        raise self.failure


def test_a_step_that_does_not_come_about_is_told_and_the_sweep_goes_on():
    assert "have not followed: 9 fronts are wrong" in _bring_to(Fillers(TimeoutError("9 fronts are wrong")), 10)[1]
    full = ApiException(status=422, reason="no address left")
    assert "refused Services: 422 no address left" in _bring_to(Fillers(full), 10)[1]


def test_what_a_rule_costs_is_told_of_steps_in_which_many_are_walked():
    few = replace(GOOD, walks=(Walk(90, 2.0),), chain_walks=(Walk(90, 3.0),))
    many = replace(GOOD, walks=(Walk(500, 9.0), Walk(1000, 17.0), Walk(1000, 19.0)), chain_walks=(Walk(1000, 16.0),))
    told = rule_cost_finding([few, many], "iptables")
    assert told.numbers == {
        "services at step 0": 1000,
        "rules_walked at step 0": 1000,
        "rule_ns at step 0": 18.0,
        "calibrated_rule_ns at step 0": 16.0,
    }
