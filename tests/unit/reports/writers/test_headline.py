"""The first sentences of a report: what happened, failures first."""

from dataclasses import replace

import pytest

from harness.statistics.histogram import encode
from reports.model import Interval, MeasurementName, Outcome
from reports.model.findings import AAPairsCheck, GrowthConclusion, GrowthFinding, LinePoint, SelfCheckFinding
from reports.writers.headline import headline
from tests.unit.reports.sample import RESULTS, RUN, case, measured

GROWTH = GrowthFinding(
    mode="iptables",
    conclusion=GrowthConclusion.GROWS,
    per_1000_services_us=Interval(95.3, 92.7, 98.0),
    at_zero_us=140.2,
    most_services=10_000,
    steps=8,
    baseline_corrected=True,
    line=(
        LinePoint(services=0, us=Interval(139.6, 130.0, 150.0)),
        LinePoint(services=10_000, us=Interval(1092.4, 1080.0, 1100.0)),
    ),
)
SWEEP = replace(RESULTS, cases=(replace(case("test_sweep"), suite="performance"),), findings=(GROWTH,))


def test_a_run_did_not_finish():
    unfinished = replace(RESULTS, run=replace(RUN, finished=None))
    assert headline(unfinished) == ("This run did not finish. This is what it had found until then.",)


def test_environment_errors_are_not_failures():
    broken = RESULTS.with_case(case("test_x", Outcome.ENVIRONMENT_ERROR, "no answer"))
    assert headline(broken) == ('The environment failed in 1 case ("x"), so the verdict on Kubernetes is incomplete.',)
    failed = broken.with_case(case("test_a_client_sticks", Outcome.FAILED, "rr"))
    assert headline(failed) == (
        '2 of 3 cases passed in iptables mode; "a client sticks" failed. In 1 more case the environment failed.',
    )


def test_the_first_of_many_failures_are_named():
    results = RESULTS
    for name in "vwxyz":
        results = results.with_case(case(f"test_{name}", Outcome.FAILED, "rr"))
    assert headline(results) == ("2 of 7 cases passed in iptables mode; 5 (v, w, x and 2 more) failed.",)


def test_skipped_cases_are_counted_separately():
    skipped = RESULTS.with_case(case("x", Outcome.SKIPPED, "one node"))
    assert headline(RESULTS) == ("All 2 cases passed in iptables mode.",)
    assert headline(replace(RESULTS, cases=RESULTS.cases[:1])) == ("The one case passed in iptables mode.",)
    assert headline(skipped) == ("All 2 cases passed in iptables mode; 1 was skipped.",)
    assert headline(skipped.with_case(case("y", Outcome.SKIPPED))) == (
        "All 2 cases passed in iptables mode; 2 were skipped.",
    )


def test_a_sweep_is_what_counts_in_a_run_that_measures():
    grows = "In iptables mode each 1,000 Services add 95.3 us (92.7 to 98.0) to a first packet: 140 us at 0 and 1,092 us at 10,000."
    assert headline(SWEEP) == (grows,)
    two = SWEEP.with_case(replace(case("test_b"), suite="performance"))
    assert headline(two) == (grows, "All 2 cases passed in iptables mode.")
    assert headline(replace(RESULTS, findings=(GROWTH,))) == ("All 2 cases passed in iptables mode.", grows)


def test_without_a_line_the_ends_are_the_medians():
    old = replace(
        SWEEP, findings=(replace(GROWTH, line=(), most_services=1000),), measurements=(measured(1000, p50=235.4),)
    )
    assert headline(old)[0].endswith("to a first packet: 140 us at 0 and 235 us at 1,000.")
    assert headline(replace(old, measurements=()))[0].endswith("to a first packet.")


def test_no_growth_and_not_knowing_are_different():
    absent = replace(GROWTH, conclusion=GrowthConclusion.NO_GROWTH)
    assert (
        "a first packet does not grow with the Services (95.3 us (92.7 to 98.0) per 1,000): 140 us"
        in (headline(replace(SWEEP, findings=(absent,)))[0])
    )
    unknown = replace(GROWTH, conclusion=GrowthConclusion.UNKNOWN)
    assert "this sweep cannot tell" in headline(replace(SWEEP, findings=(unknown,)))[0]


def test_growth_in_another_mode_is_not_the_runs():
    other = replace(GROWTH, mode="ipvs")
    assert headline(replace(RESULTS, findings=(other,))) == ("All 2 cases passed in iptables mode.",)


@pytest.mark.parametrize("checks", [(), (AAPairsCheck(holds=False, pairs=24, alike=9, least=19),)])
def test_nothing_is_concluded_after_a_failed_self_check(checks):
    failed = replace(SWEEP, findings=(GROWTH, SelfCheckFinding(mode="iptables", checks=checks)))
    assert headline(failed) == ("Draw no conclusion from its measurements: a self-check failed.",)


def test_a_sweep_says_how_many_requests_started_late():
    late = replace(measured(0), name=MeasurementName.START_LATENESS, histogram=encode([300] * 195 + [9000] * 5))
    with_lateness = replace(SWEEP, measurements=(late,))
    assert headline(with_lateness)[0].endswith("1,092 us at 10,000. 2.5% of the requests started more than 5 ms late.")
