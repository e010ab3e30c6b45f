from dataclasses import replace
from xml.etree import ElementTree

import pytest

from reports.model import (
    NOT_IN_RUN,
    SCHEMA,
    Conditions,
    MeasurementName,
    Outcome,
    RunResults,
    Verdict,
    results_to_json,
)
from reports.model.findings import (
    Detection,
    PlantedFaultFinding,
)
from reports.pages.run.page import report_html
from reports.store import point_latest_at, read_results, write_results
from reports.writers.console import summary
from reports.writers.headline import headline
from reports.writers.junit import junit_xml
from reports.writers.tables import tables
from tests.unit.reports.sample import RESULTS, RUN, case, claim, measured, shown, without_links

HOSTILE = '<script>alert("x")</script>\x07 & <b>'


def test_results_are_written_to_a_file_and_read_back(tmp_path):
    write_results(RESULTS, tmp_path)
    read = read_results(tmp_path)
    assert results_to_json(read) == results_to_json(RESULTS)
    assert [claim.id for claim in read.claims] == ["2.5", "15.1", "16.1"]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_another_schema_is_refused(tmp_path):
    (tmp_path / "results.json").write_text(results_to_json(RESULTS).replace(SCHEMA, "kubeproof.results/0"))
    with pytest.raises(ValueError, match=r"expected schema kubeproof\.results/2"):
        read_results(tmp_path)


def test_latest_points_to_the_last_run(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        point_latest_at(tmp_path / name)
    assert (tmp_path / "latest").resolve() == tmp_path / "second"


def test_a_folder_called_latest_is_kept(tmp_path):
    for name in ("latest", "first"):
        (tmp_path / name).mkdir()
    point_latest_at(tmp_path / "first")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "latest"]
    assert not (tmp_path / "latest").is_symlink()


def test_a_case_that_ran_twice_counts_once():
    again = RESULTS.with_case(case("test_a", Outcome.FAILED, "boom"))
    assert len(again.cases) == 2
    assert again.failed


def test_a_run_with_only_skipped_cases_reports_that_nothing_was_tested(tmp_path):
    none_ran = replace(RESULTS, cases=()).with_case(case("x", Outcome.SKIPPED, "one node\nonly"))
    assert headline(none_ran) == ("Nothing was tested: the only case was skipped: one node.",)
    both = none_ran.with_case(case("y", Outcome.SKIPPED, "one node\nonly"))
    assert headline(both) == ("Nothing was tested: all 2 cases were skipped: one node.",)
    three = both.with_case(case("a", Outcome.SKIPPED, "no ip_vs in the kernel"))
    message = "Nothing was tested: all 3 cases were skipped (most frequent reason, 2 times): one node."
    assert headline(three) == (message,)
    assert f"<h1>{message}</h1>" in report_html(three)
    assert list(summary(three, tmp_path)).count(message) == 1
    assert not any("Nothing was tested" in line for line in summary(three.with_case(case("z")), tmp_path))


def test_a_run_without_cases_has_a_report():
    empty = RunResults(run=RUN)
    assert headline(empty) == ("No case ran.",)
    assert "Kubeproof" in report_html(empty)


def test_junit_distinguishes_failures_errors_and_skips():
    results = RESULTS
    for outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR, Outcome.SKIPPED):
        results = results.with_case(case(f"test_{outcome}", outcome, HOSTILE))
    suite = ElementTree.fromstring(junit_xml(results))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "5",
        "1",
        "1",
        "1",
    )
    assert {child.tag for found in suite for child in found} == {"failure", "error", "skipped"}


def test_the_summary_shows_every_claim_and_the_path_of_the_report(tmp_path):
    lines = list(summary(RESULTS, tmp_path / "report.html"))
    assert any("refuted" in line and "16.1" in line for line in lines)
    assert lines[-1] == f"report: {tmp_path / 'report.html'}"


def test_claims_that_are_not_part_of_the_run_are_only_listed_by_id(tmp_path):
    absent = replace(claim("3.1", Verdict.UNTESTED), condition=NOT_IN_RUN)
    results = replace(RESULTS, claims=(*RESULTS.claims, absent))
    page, lines = shown(report_html(results)), list(summary(results, tmp_path))
    assert "claim 3.1 is so." not in page
    assert "Not part of this run: 3.1." in page
    assert "  not part of this run: 3.1" in lines
    assert not any("claim 3.1" in line for line in lines)


def planted(detection):
    return PlantedFaultFinding(fault="it is broken", detection=detection, cases={}, details="a case failed")


def test_a_run_of_planted_faults_reports_how_many_were_caught(tmp_path):
    faults = tuple(map(planted, (Detection.CAUGHT, Detection.BY_ACCIDENT, Detection.MISSED)))
    results = replace(RESULTS, findings=faults)
    score = "1 of 3 planted faults caught, 1 noticed by accident, 1 not noticed"
    assert headline(results) == (f"The suites were tested with planted faults: {score}.",)
    page, lines = report_html(results), list(summary(results, tmp_path))
    assert f"Planted faults: {score}" in without_links(page)
    assert "Noticed by accident: it is broken." in page
    assert "Not noticed: it is broken." in page
    assert 'id="findings"' not in page
    assert f"The suites were tested with planted faults: {score}." in lines


def test_a_fault_that_fails_unrelated_cases_is_counted_separately():
    fault = planted(Detection.TOO_WIDE)
    score = "0 of 1 planted fault caught, 0 noticed by accident, 0 not noticed, 1 too wide"
    assert headline(replace(RESULTS, findings=(fault,))) == (f"The suites were tested with planted faults: {score}.",)


def test_measurements_have_one_table_per_name_with_the_conditions_that_differ():
    slow = replace(
        measured(1000, name=MeasurementName.PROGRAMMING),
        unit="ms",
        conditions=Conditions(change="add Service", node="n1"),
    )
    first, second = tables([measured(0), measured(1000), slow])
    assert (first.title, first.columns) == ("First packet, endpoint on another node", ("services", "rules walked"))
    assert first.common == "position end, clock kernel"
    assert [row.conditions for row in first.rows] == [("0", "0"), ("1,000", "1,000")]
    assert (second.unit, second.columns, second.common) == ("ms", (), "change add Service, node n1")
    page = report_html(replace(RESULTS, measurements=(slow,)))
    assert "p50, ms" in page
