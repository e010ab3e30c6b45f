"""The decision functions of the ipvs cases that measure."""

import pytest

from harness.performance.conclusions.growth import growth
from harness.run.claims import ClaimRecorder
from harness.statistics.comparison import Comparison, Range
from suites.ipvs.test_ipvs_and_iptables import THINGS, decide, first_and_last_apart
from suites.ipvs.test_lookup import decide_look_up
from tests.fakes.cluster.sweep import step_of

SERVICES = (0, 100, 1000, 0)


def recorded(decide_claim, claim):
    """Return the verdict, condition and evidence that the function records for the claim."""
    recorder = ClaimRecorder("a case", (claim,))
    decide_claim(recorder)
    (verdict,) = recorder.recorded
    return verdict.verdict, verdict.condition, verdict.evidence


def look_up(medians_us, apart):
    steps = [
        step_of(services, block_p50_us={"end": (median_us,)}, last_above_first=apart)
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
    found, _, evidence = look_up(medians_us, apart)
    assert found == verdict, evidence
    if verdict != "untested":
        assert f"to the youngest Service took {apart} us longer than to the oldest" in evidence
        assert "With 1000 Services between the two" in evidence


def comparisons(*pairs):
    return [
        Comparison(thing, Range(ours, ours - 1, ours + 1), Range(theirs, theirs - 1, theirs + 1))
        for thing, (ours, theirs) in zip(THINGS, pairs, strict=True)
    ]


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
    found, said, _ = recorded(lambda recorder: decide(recorder, comparisons(*figures), "the evidence"), "2.2")
    assert found == verdict
    if verdict == "conditional":
        assert said == condition


@pytest.mark.parametrize("requests", [(30, 31), (30, 34)])
def test_ranges_that_nearly_touch_do_not_change_the_verdict(requests):
    """As in two whole runs: 200 requests took 0.26 s in ipvs and 0.31 s in iptables mode, then 0.23 s and 0.34 s."""
    found, _, _ = recorded(lambda recorder: decide(recorder, comparisons((0, 0), requests, (9, 4)), "so"), "2.2")
    assert found == "conditional"


def test_the_difference_of_first_and_last_service_has_no_sign():
    step = step_of(1000, last_above_first=Range(-46, -57, -35))
    assert first_and_last_apart(step) == Range(46, 35, 57)
