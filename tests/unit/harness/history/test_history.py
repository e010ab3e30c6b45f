"""The history of runs."""

from dataclasses import replace

import pytest

from harness.history.history import StoredRun, history
from reports.model import MeasurementName, Outcome, RunResults
from reports.model.findings import AAPairsCheck, SelfCheckFinding
from reports.model.history import history_to_json
from reports.writers.sentences.history import change_sentence, flake_sentence, history_verdict
from tests.unit.harness.performance.comparison.test_programming_cost import IPVS
from tests.unit.reports.sample import RUN, case, measured
from tests.unit.reports.sample_findings import FINDINGS
from tests.unit.reports.writers.test_headline import GROWTH

FIRST_PACKET = "first packet with 1,000 Services, p50"


def run(day, p50=100.0, *, outcome=Outcome.PASSED, **fields):
    """Return a run on a day of November with one case and a sweep of two steps."""
    info = replace(RUN, id=f"run-{day:02}", started=f"2026-11-{day:02}T02:00:00+00:00", **fields)
    steps = (measured(0), measured(1000, p50=p50 + day % 3))
    return RunResults(run=info, cases=(case("test_a", outcome),), measurements=steps)


def made(*runs):
    return history([StoredRun(results, f"runs/{results.run.id}/report.html") for results in runs])


def series(found, figure=FIRST_PACKET):
    (one,) = (one for one in found.series if one.figure == figure)
    return one


def test_figures_are_in_the_order_of_time_with_their_intervals():
    found = series(made(run(2, 120.0), run(1, 110.0)))
    assert [(point.run, point.value) for point in found.points] == [("run-01", 111.0), ("run-02", 122.0)]
    assert (found.points[0].low, found.points[0].high) == (pytest.approx(105.45), pytest.approx(116.55))


def test_a_first_packet_above_its_control_is_followed():
    cost = replace(measured(1000, p50=20.0), name=MeasurementName.SERVICE_COST)
    days = [replace(run(day), measurements=(*run(day).measurements, cost)) for day in (1, 2)]
    found = series(made(*days), "first packet above the control with 1,000 Services, p50")
    assert [point.value for point in found.points] == [20.0, 20.0]


def test_a_change_names_its_two_runs_and_whether_it_is_for_the_worse():
    days = [run(day, 100.0 if day <= 10 else 150.0) for day in range(1, 21)]
    found = made(*days)
    (change,) = series(found).changes
    assert (change.last, change.first, change.before, change.after) == ("run-10", "run-11", 101.0, 151.0)
    assert change.worse
    sentence = change_sentence(series(found), change)
    assert sentence.startswith(
        f"{FIRST_PACKET}: 101 to 151 us (+50%), iptables mode on substrate host, Kubernetes 1.37.2"
    )
    assert "have changed for the worse in 20 runs" in history_verdict(found)


def test_a_change_that_is_over_is_not_for_the_worse_any_more():
    levels = [(1, 100.0)] * 8 + [(1, 150.0)] * 8 + [(1, 100.0)] * 8
    days = [run(day, us) for day, (_, us) in enumerate(levels, 1)]
    found = series(made(*days))
    assert [change.worse for change in found.changes] == [True, False]
    assert not found.changed_for_the_worse


def test_different_hosts_versions_and_substrates_are_different_series():
    days = [run(day, kernel="6.18" if day <= 10 else "6.19") for day in range(1, 21)]
    found = [one for one in made(*days).series if one.figure == FIRST_PACKET]
    assert [(one.setting.kernel, len(one.points), one.changes) for one in found] == [("6.18", 10, ()), ("6.19", 10, ())]


def test_a_run_whose_self_check_failed_is_shown_and_changes_nothing():
    failed = SelfCheckFinding(mode="iptables", checks=(AAPairsCheck(holds=False, pairs=9, alike=1, least=8),))
    days = [run(day) for day in range(1, 11)] + [replace(run(day, 500.0), findings=(failed,)) for day in range(11, 21)]
    found = series(made(*days))
    assert [point.trusted for point in found.points] == [True] * 10 + [False] * 10
    assert found.changes == ()


def test_a_run_that_did_not_finish_is_shown_and_changes_nothing():
    unfinished = [run(day, 500.0, finished=None) for day in range(11, 21)]
    found = series(made(*(run(day) for day in range(1, 11)), *unfinished))
    assert [point.trusted for point in found.points] == [True] * 10 + [False] * 10
    assert found.changes == ()


def test_the_figures_of_findings_belong_to_the_runs_own_mode():
    growth = replace(run(1), findings=(GROWTH, replace(GROWTH, mode="ipvs")))
    found = series(made(growth), "growth of the first packet per 1,000 Services")
    assert [point.value for point in found.points] == [95.3]
    programmed = replace(run(2, mode="ipvs"), findings=IPVS.findings)
    assert series(made(programmed), "time of kube-proxy's syncs to program 2,000 Services").points[0].value == 80.0


def test_the_sli_is_followed_on_the_node_on_which_it_is_largest():
    sli = FINDINGS["first packet SLI"][0]
    found = series(
        made(replace(run(1, mode=sli.mode), findings=(sli,))),
        "first packet latency (SLI) with 1,000 Services on the slowest node, p99",
    )
    (point,) = found.points
    assert (point.value, point.low, point.high) == (176.0, 173.0, 180.0)


def test_a_case_that_fails_now_and_then_has_a_rate_with_its_interval():
    found = made(run(1), run(2, outcome=Outcome.FAILED), run(3), run(4, outcome=Outcome.SKIPPED))
    (flaky,) = found.cases
    assert flaky.flaky
    assert flake_sentence(flaky) == "1 of 3 runs: 33% (1 to 91%)"
    assert history_verdict(found).endswith("in 4 runs; 1 case passes in some runs only.")
    assert not made(run(1, outcome=Outcome.FAILED)).cases[0].flaky
    assert made(run(1)).cases == ()


def test_a_run_that_is_there_twice_counts_once():
    found = history([StoredRun(run(1), "a"), StoredRun(run(1), "b")])
    assert [one.path for one in found.runs] == ["b"]


@pytest.mark.parametrize("started", ["", "yesterday", "2026-11-31T02:00:00+00:00", "2026-11-20T02:00:00", "\x00"])
def test_a_time_that_cannot_be_read_has_no_duration(started):
    odd = replace(run(1), cases=(case("a"), case("b")), run=replace(run(1).run, started=started))
    assert not any(found.figure.startswith("duration") for found in made(odd).series)


def test_an_empty_history_has_a_verdict_and_can_be_stored():
    assert history_verdict(made()) == "There are no runs."
    assert '"schema": "kubeproof.history/1"' in history_to_json(made())
