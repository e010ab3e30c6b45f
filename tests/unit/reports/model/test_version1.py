"""Files of schema version 1 are still read."""

import json

import pytest

from reports.model import Conditions, Interval, MeasurementName, results_from_json, results_to_json
from reports.model.findings import (
    AAPairsCheck,
    CostFinding,
    CostPerRuleFinding,
    Detection,
    GrowthConclusion,
    GrowthFinding,
    PlantedFaultFinding,
    SelfCheckFinding,
    StatedCheck,
    StatedFinding,
)
from reports.pages.run.page import report_html
from tests.unit.reports.sample import RESULTS, without_links
from tests.unit.reports.schema import REPOSITORY

COMMITTED = REPOSITORY / "docs" / "results"


def version1(**changed):
    document = json.loads(results_to_json(RESULTS))
    return json.dumps({**document, "schema": "kubeproof.results/1", "measurements": [], "findings": [], **changed})


def measurement(**changed):
    return {
        "name": "first_packet_less_floor",
        "unit": "us",
        "conditions": {"services": 10, "floor_us": 20.0, "times_floor": 2.5, "clock": "kernel"},
        "n": 1,
        "errors": 0,
        "quantiles": {"p50": 1.0},
        "ci95": {},
        "histogram": "",
        "flags": [],
        **changed,
    }


def finding(kind, numbers, statement="It was so.", confidence="one run"):
    return {"kind": kind, "statement": statement, "numbers": numbers, "confidence": confidence}


def test_names_of_measurements_and_conditions_are_upgraded():
    (read,) = results_from_json(version1(measurements=[measurement()])).measurements
    assert read.name is MeasurementName.FIRST_PACKET_CORRECTED
    assert read.conditions == Conditions(services=10, baseline_us=20.0, baseline_coefficient=2.5, clock="kernel")


@pytest.mark.parametrize(
    ("suffix", "experiment"),
    [("of two modes", "two modes on one node"), ("in ipvs mode", "one node in ipvs mode")],
)
def test_the_suffix_of_a_name_becomes_the_experiment(suffix, experiment):
    (read,) = results_from_json(version1(measurements=[measurement(name=f"generator_floor {suffix}")])).measurements
    assert (read.name, read.conditions.experiment) == (MeasurementName.BASELINE, experiment)


def test_a_flag_that_forbids_conclusions_becomes_the_invalid_reason():
    flags = ["in no conclusion: not programmed in time", "late: 3 of 9"]
    (read,) = results_from_json(version1(measurements=[measurement(flags=flags)])).measurements
    assert (read.invalid_reason, read.flags, read.concludes) == ("not programmed in time", ("late: 3 of 9",), False)


def test_an_unknown_measurement_is_rejected():
    with pytest.raises(ValueError, match=r"results\.measurements\[0\]\.name"):
        results_from_json(version1(measurements=[measurement(name="weather")]))


def test_findings_by_step_become_tables():
    numbers = {
        f"{name} at step {step}": value
        for step in (1, 0)
        for name, value in {
            "services": 1000 * step,
            "cpu_s": 0.5,
            "memory_mb": 63.4,
            "syncs": 2,
            "sync_s": 0.2,
            "rules": 197,
            "set_members": 0,
            "tracked": 8788,
        }.items()
    }
    statement = "What kube-proxy on worker-2 took (ipvs mode): ..."
    (cost,) = results_from_json(version1(findings=[finding("cost", numbers, statement)])).findings
    assert isinstance(cost, CostFinding)
    assert (cost.node, [step.services for step in cost.steps]) == ("worker-2", [0, 1000])
    assert (cost.steps[0].memory_bytes, cost.steps[0].programs_cpu_s) == (63_400_000, None)


def test_a_self_check_keeps_its_figures():
    numbers = {"holds": 1, "steps": 8, "steps_sound": 7, "twins": 24, "twins_alike": 23}
    statement = "7 of 8 steps are sound, 2 of them at zero Services; 23 of 24 pairs of twins agree (at least 19)."
    (check,) = results_from_json(version1(findings=[finding("self-check", numbers, statement)])).findings
    assert isinstance(check, SelfCheckFinding)
    assert check.holds
    assert (check.checks[0].made, check.checks[0].valid, check.checks[0].valid_at_zero) == (8, 7, 2)
    assert check.checks[1] == AAPairsCheck(holds=True, pairs=24, alike=23, least=19)


@pytest.mark.parametrize(
    "numbers",
    [
        {"holds": 0},
        {},
        {"holds": "1"},
        {"holds": None},
        {"holds": 0, "steps": 8},
        {"holds": 0, "rule_ns": 50.0},
        {"holds": 0, "delay_slope": 2.0},
    ],
)
def test_a_failed_self_check_keeps_its_statement_and_counts_as_failed(numbers):
    (check,) = results_from_json(version1(findings=[finding("self-check", numbers)])).findings
    assert check == SelfCheckFinding(mode="iptables", checks=(StatedCheck(holds=False, statement="It was so."),))
    assert not check.holds


@pytest.mark.parametrize(
    ("numbers", "detection"),
    [
        ({"caught": 1, "by_accident": 0, "too_wide": 0}, Detection.CAUGHT),
        ({"caught": 0, "by_accident": 1, "too_wide": 0}, Detection.BY_ACCIDENT),
        ({"caught": 0, "by_accident": 0, "too_wide": 1}, Detection.TOO_WIDE),
        ({"caught": 0, "by_accident": 0, "too_wide": 0}, Detection.MISSED),
    ],
)
def test_a_planted_fault_keeps_how_it_was_detected(numbers, detection):
    fault = finding(
        "planted", {**numbers, "cases": {"a.py::test_a": "caught"}}, "Caught: it is broken.", "a case failed"
    )
    (read,) = results_from_json(version1(findings=[fault])).findings
    assert read == PlantedFaultFinding(
        fault="it is broken", detection=detection, cases={"a.py::test_a": "caught"}, details="a case failed"
    )


@pytest.mark.parametrize("kind", [[], {}, None])
def test_a_finding_of_a_foreign_kind_is_rejected_with_its_path(kind):
    with pytest.raises(ValueError, match=r"results\.findings\[0\]"):
        results_from_json(version1(findings=[finding(kind, {})]))


@pytest.mark.parametrize(
    ("low", "statement", "conclusion"),
    [
        (92.7, "It takes longer.", GrowthConclusion.GROWS),
        (-1.0, "no growth of the first packet was seen.", GrowthConclusion.NO_GROWTH),
        (-1.0, "It is not known.", GrowthConclusion.UNKNOWN),
    ],
)
def test_growth_keeps_its_conclusion(low, statement, conclusion):
    numbers = {"per_1000_services_us": 95.0, "low_us": low, "high_us": 98.0, "at_zero_us": 140.0, "steps": 8}
    (growth,) = results_from_json(version1(findings=[finding("growth", numbers, statement)])).findings
    assert isinstance(growth, GrowthFinding)
    assert (growth.conclusion, growth.per_1000_services_us) == (conclusion, Interval(95.0, low, 98.0))


@pytest.mark.parametrize(
    "kept",
    [
        finding("capacity", {"per_s": 1000, "where": "worker"}),
        finding("growth", {"per_1000_services_us": 1.0}),
        finding("cost", {"memory_mb at step 0": "63.4"}, "kube-proxy on worker"),
        finding("cost", {}),
    ],
)
def test_any_other_finding_keeps_its_sentence(kept):
    (read,) = results_from_json(version1(findings=[kept])).findings
    assert isinstance(read, StatedFinding)
    assert (read.topic, read.statement, read.method) == (kept["kind"], kept["statement"], "one run")


def test_committed_runs_of_version_1_have_plain_sentences():
    runs = [file.read_text() for file in COMMITTED.glob("*/results.json")]
    texts = [without_links(report_html(results_from_json(run))) for run in runs if "kubeproof.results/1" in run]
    assert len(texts) == 4
    for text in texts:
        assert "All self-checks passed" in text
        assert not any(word in text for word in ("twin", "laboratory", "seconds of processor"))


def test_the_cost_per_rule_of_a_committed_run_is_kept():
    read = results_from_json((COMMITTED / "iptables-host" / "results.json").read_text())
    (cost,) = (found for found in read.findings if isinstance(found, CostPerRuleFinding))
    assert (cost.steps[0].services, cost.steps[0].rules_walked, cost.steps[0].rule_ns) == (1000, 739, 56.38)
