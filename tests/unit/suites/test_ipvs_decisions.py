"""What the cases that measure make of their figures."""

import pytest

from harness.dataplane.reader import RuleCount
from harness.performance.growth import growth
from harness.performance.sweep.step import Step
from harness.run.claims import ClaimRecorder
from harness.statistics.comparison import Comparison, Range
from suites.ipvs.test_beside_iptables import THINGS, decide, first_and_last_apart
from suites.ipvs.test_look_up import decide_look_up

SERVICES = (0, 100, 1000, 0)


def recorded(decision, claim, *figures):
    """Return the verdict, its condition and its evidence."""
    recorder = ClaimRecorder("a case", (claim,))
    decision(recorder, *figures)
    (verdict,) = recorder.recorded
    return verdict.verdict, verdict.condition, verdict.evidence


def look_up(medians_us, apart):
    steps = [
        Step(services, (), {"end": (median_us,)}, RuleCount(0, {}), 5.0, last_above_first=apart)
        for services, median_us in zip(SERVICES, medians_us, strict=True)
    ]
    return recorded(lambda recorder: decide_look_up(recorder, growth(steps), steps), "1.1")


@pytest.mark.parametrize(
    ("medians_us", "apart", "verdict"),
    [
        ((201, 216, 196, 242), Range(-1.8, -12, 9), "conditional"),
        ((200, 202, 260, 201), Range(-1.8, -12, 9), "refuted"),
        ((200, 220, 240, 210), Range(46, 35, 57), "refuted"),
        ((200, 220, 240, 210), Range(-46, -57, -35), "refuted"),
        ((200, 220, 196, 210), Range(10, -12, 32), "untested"),
        ((200, 220, 196, 210), Range(-10, -32, 12), "untested"),
        ((200, 220, 196, 210), Range(3, 1, 5), "conditional"),
    ],
    ids=[
        "a restless host",
        "growth from step to step",
        "a list",
        "a list that begins with the youngest",
        "too coarse to see a list",
        "too coarse to see one that begins with the youngest",
        "far too little for a list",
    ],
)
def test_a_look_up_is_told_from_a_list(medians_us, apart, verdict):
    found, _, evidence = look_up(medians_us, apart)
    assert found == verdict, evidence
    if verdict != "untested":
        assert f"to the youngest Service, with 1000 between the two, {apart} us above that to the oldest" in evidence


def comparisons(*pairs):
    return [
        Comparison(thing, Range(ours, ours - 1, ours + 1), Range(theirs, theirs - 1, theirs + 1))
        for thing, (ours, theirs) in zip(THINGS, pairs, strict=True)
    ]


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        (((0, 46), (30, 30), (9, 4)), "conditional"),
        (((0, 46), (30, 30), (4, 4)), "confirmed"),
        (((0, 0), (30, 30), (9, 4)), "refuted"),
        (((0, 1), (30, 31), (5, 4)), "untested"),
    ],
)
def test_a_mode_is_better_in_all_that_can_be_told_in_nothing_or_in_some(figures, verdict):
    found, condition, _ = recorded(lambda recorder: decide(recorder, comparisons(*figures), "so it was"), "2.2")
    assert found == verdict
    if verdict == "conditional":
        assert condition == f"better is {THINGS[0]}; worse is {THINGS[2]}"


def test_a_list_that_begins_with_the_youngest_costs_as_much_as_one_that_ends_with_it():
    step = Step(1000, (), {}, RuleCount(0, {}), 5.0, last_above_first=Range(-46, -57, -35))
    assert first_and_last_apart(step) == Range(46, 35, 57)
