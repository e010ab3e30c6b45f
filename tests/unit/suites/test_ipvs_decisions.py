"""The decision functions of the ipvs case that measures."""

from dataclasses import replace

import pytest

from harness.dataplane.reader import RuleCount
from harness.performance.conclusions.growth import growth
from harness.performance.conclusions.swept import swept_steps
from harness.performance.sweep.step import StepCost, measurements_of
from harness.statistics.comparison import Range
from suites.ipvs.costs import THINGS, comparisons, first_and_last_apart
from suites.ipvs.decisions import decide_comparison, decide_look_up, decide_sets
from tests.fakes.cluster.sweep import median_of_step, step_of

SERVICES = (0, 100, 1000, 1000, 0, 0)


def look_up(medians_us, apart):
    """Decide from the last Service's medians above a control of 100 us, and the first one's `apart` below the last."""
    steps = []
    for number, (services, median_us) in enumerate(zip(SERVICES, medians_us, strict=True)):
        half_us = (apart.high - apart.low) / 2 / 2**0.5
        places = {"end": median_us, "head": median_us - apart.value}
        measurements = [
            median_of_step(services, us, half_us=half_us, number=number, position=position)
            for position, us in places.items()
        ]
        steps.append(step_of(services, measurements=measurements))
    return decide_look_up(growth(swept_steps(measurements_of(steps))), steps)


@pytest.mark.parametrize(
    ("medians_us", "apart", "verdict"),
    [
        ((201, 216, 196, 206, 212, 202), Range(-1.8, -12, 9), "conditional"),
        ((200, 202, 260, 259, 201, 199), Range(-1.8, -12, 9), "refuted"),
        ((200, 220, 240, 225, 210, 215), Range(46, 35, 57), "refuted"),
        ((200, 220, 240, 225, 210, 215), Range(-46, -57, -35), "refuted"),
        ((200, 220, 196, 206, 210, 202), Range(10, -22, 42), "untested"),
        ((200, 220, 196, 206, 210, 202), Range(-10, -42, 22), "untested"),
        ((200, 220, 196, 206, 210, 202), Range(3, 1, 5), "conditional"),
    ],
    ids=[
        "medians vary without growth",
        "growth from step to step",
        "a list that begins with the oldest",
        "a list that begins with the youngest",
        "interval too wide to rule out a list",
        "interval too wide to rule out a list that begins with the youngest",
        "a difference far too small for a list",
    ],
)
def test_a_look_up_is_distinguished_from_a_list(medians_us, apart, verdict):
    found = look_up(medians_us, apart)
    assert found.verdict == verdict
    evidence = found.evidence or found.condition
    assert "to the youngest Service took" in evidence
    assert "With 1000 Services between the two" in evidence


def held(services, rules, members):
    cost = StepCost(rules=RuleCount(rules, {"KUBE-CLUSTER-IP": members}))
    return replace(step_of(services), cost=cost)


@pytest.mark.parametrize(
    ("rules", "members", "verdict"),
    [
        ((29, 29, 29), (10, 110, 1010), "confirmed"),
        ((29, 129, 1029), (10, 110, 1010), "refuted"),
        ((29, 29, 29), (10, 10, 10), "refuted"),
    ],
    ids=["only sets grow", "rules grow as well", "sets do not grow"],
)
def test_sets_must_grow_and_rules_must_not(rules, members, verdict):
    steps = [held(*step) for step in zip((0, 100, 1000, 0), (*rules, 29), (*members, 10), strict=True)]
    found = decide_sets(steps)
    assert found.verdict == verdict
    assert f"{rules[2]} rules and {members[2]} set members at 1000 dummy Services" in found.evidence


def compared(*pairs):
    """Return the comparison of figures in ipvs and in iptables mode, each give or take one."""
    ours, theirs = zip(*pairs, strict=True)
    return comparisons(*(tuple(Range(figure, figure - 1, figure + 1) for figure in one) for one in (ours, theirs)))


@pytest.mark.parametrize(
    ("figures", "verdict", "condition"),
    [
        (((0, 46), (30, 40), (4, 9)), "confirmed", ""),
        (((46, 0), (40, 30), (9, 4)), "refuted", ""),
        (((0, 1), (30, 31), (5, 4)), "untested", ""),
        (((0, 46), (40, 30), (9, 4)), "conditional", f"better: {THINGS[0]}; worse: {THINGS[1]} and {THINGS[2]}"),
        (((0, 0), (30, 30), (9, 4)), "conditional", f"worse: {THINGS[2]}; cannot tell: {THINGS[0]} and {THINGS[1]}"),
        (((0, 46), (30, 40), (4, 4)), "conditional", f"better: {THINGS[0]} and {THINGS[1]}; cannot tell: {THINGS[2]}"),
    ],
)
def test_the_comparison_of_two_modes_can_end_in_each_verdict(figures, verdict, condition):
    found = decide_comparison(compared(*figures), "On one node")
    assert found.verdict == verdict
    if verdict == "conditional":
        assert found.condition == condition


@pytest.mark.parametrize("requests", [(30, 31), (30, 34)])
def test_ranges_that_nearly_touch_do_not_change_the_verdict(requests):
    """As in two whole runs: 200 requests took 0.26 s in ipvs and 0.31 s in iptables mode, then 0.23 s and 0.34 s."""
    assert decide_comparison(compared((0, 0), requests, (9, 4)), "On one node").verdict == "conditional"


def test_the_difference_of_first_and_last_service_has_no_sign():
    places = {"head": 246.0, "end": 200.0}
    measurements = [median_of_step(1000, us, half_us=8.0, position=position) for position, us in places.items()]
    found = first_and_last_apart(step_of(1000, measurements=measurements))
    assert (found.value, found.low) == (46, pytest.approx(46 - 8 * 2**0.5))
