"""The page of a run: what it shows first, and what it links to."""

import re
from dataclasses import replace

import pytest

from reports.model import CaseResult, Outcome, Verdict
from reports.model.findings import AAPairsCheck, CostFinding, SelfCheckFinding, StepUsage
from reports.pages.run.cases import by_duration, limits, repeat_command
from reports.pages.run.page import report_html
from reports.pages.run.questions import questions
from reports.pages.run.trust import trust
from reports.writers.tables import step_table
from tests.unit.reports.sample import RESULTS, RUN, case, claim, measured, shown, without_links
from tests.unit.reports.sample_findings import FINDINGS

HOSTILE = '<script>alert("x")</script>\x07 & <b>'
MOST_BYTES = 3_000_000


def order(page, *texts):
    """Require that these texts follow one another on a page."""
    positions = [shown(page).index(text) for text in texts]
    assert positions == sorted(positions), texts


def test_the_result_comes_first_then_failures_then_what_to_do():
    advised = replace(claim("16.1", Verdict.REFUTED), advice="Expect chance.")
    results = replace(RESULTS, claims=(advised,)).with_case(case("test_c", Outcome.FAILED, "boom"))
    order(report_html(results), "<h1>", "What failed", "What to do", "All figures", "Environment", "Glossary")


def test_a_page_is_one_file_that_may_load_nothing():
    page = report_html(RESULTS)
    assert len(page.encode()) < MOST_BYTES
    assert "default-src 'none'" in page
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b|\bsrc=|@import|url\(", shown(page))


def test_a_page_without_charts_has_no_script_for_them():
    assert len(report_html(replace(RESULTS, measurements=()))) < 100_000 < len(report_html(RESULTS))


def test_markup_in_a_reason_is_escaped():
    page = report_html(RESULTS.with_case(case("test_c", Outcome.FAILED, HOSTILE)))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_failure_has_the_command_that_repeats_its_case_with_its_seed():
    failed = case("test_c[a b]", Outcome.FAILED, "boom")
    argv = ("pytest", "suites", "--proxy-mode", "ipvs", "--substrate=uml", "-n", "auto", "--keep-cluster", "-k", "c")
    run = replace(RUN, argv=argv)
    assert repeat_command(run, failed) == (
        "pytest 'suites/services/test_a.py::test_c[a b]' --proxy-mode=ipvs --substrate=uml --run-seed=7"
    )
    assert repeat_command(replace(RUN, argv=("pytest", "--allow-disruptive")), failed).endswith(
        "--allow-disruptive --run-seed=7"
    )
    assert "--run-seed=7</code>" in report_html(RESULTS.with_case(failed))
    not_a_case = replace(failed, id="cluster removal")
    assert "Repeat it" not in report_html(RESULTS.with_case(not_a_case))


def test_every_section_case_claim_question_and_measurement_can_be_linked_to():
    page = shown(report_html(RESULTS))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {"verdict", "questions", "cases", "measurements", "environment", "glossary"} <= set(ids)
    assert {"case-suites-services-test-a-py-test-a", "claim-16-1", "question-16", "measurement-2"} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_what_to_do_quotes_people_and_the_run():
    advised = replace(claim("16.1", Verdict.REFUTED), advice="Expect chance.")
    page = without_links(report_html(replace(RESULTS, claims=(advised, claim("15.1", Verdict.CONFIRMED)))))
    assert "<b>People say:</b> claim 16.1 is so.</p><p><b>We saw:</b>" in page
    assert "<b>So:</b> Expect chance." in page
    assert "People say:</b> claim 15.1" not in page


@pytest.mark.parametrize(
    ("mode", "fact"), [("ipvs", "It is removed"), ("iptables", "iptables mode stays"), ("nftables", "mode is GA")]
)
def test_what_is_planned_for_the_mode_is_stated_with_its_source(mode, fact):
    page = report_html(replace(RESULTS, run=replace(RUN, mode=mode)))
    assert fact in page
    assert "https://kep.k8s.io/" in page


def test_claims_stand_under_their_question():
    first, second, other = (claim(number, Verdict.CONFIRMED) for number in ("2.1", "2.2", "3.1"))
    asked = replace(second, question="Which one is better?")
    (two, three) = questions(replace(RESULTS, claims=(first, asked, other)))
    assert (two.number, two.text, [found.id for found in two.claims]) == ("2", "Which one is better?", ["2.1", "2.2"])
    assert (three.number, three.text) == ("3", "")


def test_cases_that_did_not_pass_come_first_then_the_slowest():
    quick = CaseResult("a::quick", "a", Outcome.PASSED, "", 1.0)
    slow, failed = replace(quick, id="a::slow", duration_s=9.0), replace(quick, id="a::failed", outcome=Outcome.FAILED)
    assert by_duration(replace(RESULTS, cases=(quick, slow, failed))) == [failed, slow, quick]


def test_what_the_host_could_not_do_is_listed_by_reason():
    skipped = [case(name, Outcome.SKIPPED, "no ip_vs") for name in ("test_x", "test_y")]
    assert limits(replace(RESULTS, cases=(*RESULTS.cases, *skipped))) == {"no ip_vs": skipped}


@pytest.mark.parametrize(("holds", "badge"), [(True, "self-checks passed"), (False, "self-check failed")])
def test_measurements_are_trusted_as_far_as_their_self_checks_hold(holds, badge):
    check = SelfCheckFinding(mode="iptables", checks=(AAPairsCheck(holds=holds, pairs=24, alike=9, least=19),))
    found = trust(replace(RESULTS, findings=(check,)))
    assert (found.holds, found.badge) == (holds, badge)
    assert "in 9 of 24 A/A pairs" in found.reason


def test_measurements_that_nothing_has_checked_say_so():
    assert trust(RESULTS).badge == "no self-check"
    assert trust(replace(RESULTS, measurements=())) is None


def test_the_numbers_of_a_finding_by_step_are_shown_in_a_table():
    step = StepUsage(
        step=1,
        services=1000,
        cpu_s=5.5,
        programs_cpu_s=None,
        memory_bytes=63_400_000.0,
        syncs=4,
        sync_s=1.25,
        rules=10_000,
        set_members=0,
        tracked=7,
    )
    cost = CostFinding(mode="iptables", node="worker", steps=(step,))
    table = step_table(cost)
    assert table.columns[:4] == ("step", "services", "CPU, s", "memory, MB")
    assert table.rows == (("1", "1,000", "5.50", "63.40", "4", "1.25", "10,000", "0", "7"),)
    assert step_table(replace(cost, steps=())) is None
    assert step_table(RESULTS.findings[0]) is None
    assert "<td>1,000</td><td>5.50</td>" in report_html(replace(RESULTS, findings=(cost,)))


def test_the_sli_is_stated_once_in_a_section_of_its_own():
    sli, _ = FINDINGS["first packet SLI"]
    page = shown(report_html(replace(RESULTS, findings=(sli,))))
    assert page.count("176.0 (173.0 to 180.0) us from control-plane") == 1
    assert 'id="sli"' in page
    assert 'id="findings"' not in page


def test_a_quantile_that_is_not_stated_says_how_many_samples_it_needs():
    few = replace(measured(0), n=200, quantiles={"p50": 100.0}, ci95={"p50": (95.0, 105.0)})
    page = shown(report_html(replace(RESULTS, measurements=(few,))))
    assert re.findall(r"needs [\d,]+", page) == [
        "needs 1,000"
    ]  # p90 has enough samples, and is not there for another reason


def test_figures_by_the_kernels_clock_come_first():
    wall = replace(measured(10), conditions=replace(measured(10).conditions, clock="wall"))
    page = shown(report_html(replace(RESULTS, measurements=(wall, measured(10)))))
    order(page, 'id="measurement-2"', 'id="measurement-1"')
