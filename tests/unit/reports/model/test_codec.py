"""Writing and reading `results.json`: numbers that JSON lacks, and documents that are not results."""

import json
import math
from dataclasses import replace

import pytest

from reports.model import SCHEMA, Conditions, Interval, claim_order, results_from_json, results_to_json
from reports.model.findings import EndpointsDifference, EndpointsFinding
from tests.unit.reports.sample import RESULTS, RUN, measured


def document(**changed):
    return {**json.loads(results_to_json(RESULTS)), **changed}


def problem_of(doc):
    with pytest.raises(ValueError) as refused:
        results_from_json(json.dumps(doc))
    return str(refused.value)


def test_results_are_read_as_they_were_written():
    assert results_to_json(results_from_json(json.dumps(document()))) == results_to_json(RESULTS)


def test_nan_and_infinity_are_stored_as_null_and_read_as_nan():
    odd = replace(
        measured(0),
        quantiles={"p50": math.nan, "p99": math.inf},
        ci95={"p50": (-math.inf, 1.0)},
        conditions=Conditions(services=1, rate_per_s=math.nan),
    )
    difference = EndpointsDifference(endpoints=10, longer_us=Interval(math.nan, 1.0, math.inf))
    finding = EndpointsFinding(mode="ipvs", differences=(difference,))
    results = replace(RESULTS, measurements=(odd,), findings=(finding,))
    text = results_to_json(results)
    (read,) = results_from_json(text).measurements
    assert all(math.isnan(value) for value in (*read.quantiles.values(), read.ci95["p50"][0]))
    assert read.conditions == Conditions(services=1)
    (stored,) = json.loads(text)["findings"]
    assert stored["differences"] == [{"endpoints": 10, "longer_us": {"value": None, "low": 1.0, "high": None}}]


@pytest.mark.parametrize(
    ("doc", "problem"),
    [
        ([], "expected schema kubeproof.results/2, found []"),
        (None, "expected schema kubeproof.results/2, found None"),
        ({}, "expected schema kubeproof.results/2, found None"),
        ({"schema": "somebody/1"}, "expected schema kubeproof.results/2, found 'somebody/1'"),
        ({"schema": "kubeproof.results/0"}, "expected schema kubeproof.results/2, found 'kubeproof.results/0'"),
        (
            {"schema": "kubeproof.results/99"},
            "a newer kubeproof wrote it: expected schema kubeproof.results/2, found 'kubeproof.results/99'",
        ),
        ({"schema": SCHEMA}, "results.run: Field required"),
        (document(run=7), "results.run: Input should be an object, found 7"),
        (document(run={}), "results.run.id: Field required"),
        (document(cases={}), "results.cases: Input should be a valid array, found {}"),
        (document(cases=["x"]), "results.cases[0]: Input should be an object, found 'x'"),
        (document(environment=None), "results.environment: Input should be an object, found None"),
    ],
)
def test_a_document_that_is_not_results_is_rejected_with_the_reason(doc, problem):
    assert problem_of(doc) == problem


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("unit", 1, ": Input should be a valid string, found 1"),
        ("n", 1.5, ": Input should be a valid integer, found 1.5"),
        ("n", True, ": Input should be a valid integer, found True"),
        ("conditions", [], ": Input should be an object, found []"),
        ("conditions", {"services": "7"}, ".services: Input should be a valid integer, found '7'"),
        ("quantiles", {"p50": "100"}, ".p50: Input should be a valid number, found '100'"),
        ("quantiles", {"p50": False}, ".p50: Input should be a valid number, found False"),
        ("ci95", {"p50": [1.0]}, ".p50[1]: Field required"),
        ("ci95", {"p50": 1.0}, ".p50: Input should be a valid array, found 1.0"),
        ("flags", "saturated", ": Input should be a valid array, found 'saturated'"),
    ],
)
def test_a_field_of_the_wrong_type_is_rejected_with_its_path(field, value, problem):
    broken = document()
    broken["measurements"][1][field] = value
    assert problem_of(broken) == f"results.measurements[1].{field}{problem}"


def test_an_unknown_outcome_is_rejected_with_the_allowed_ones():
    broken = document()
    broken["cases"][0]["outcome"] = "lost"
    assert problem_of(broken) == (
        "results.cases[0].outcome: Input should be 'passed', 'failed', 'skipped' or 'environment error', found 'lost'"
    )
    broken["cases"][0]["outcome"] = ["passed"]
    assert "found ['passed']" in problem_of(broken)


def test_a_long_value_is_shortened_in_the_message():
    assert len(problem_of(document(run="x" * 10_000))) < 120


def test_unknown_entries_are_ignored():
    later = document(weather="fair")
    later["run"]["host"] = "h"
    assert results_from_json(json.dumps(later)).run == RUN


def test_any_claim_ids_can_be_ordered():
    assert sorted(["15.1", "2.5", "2.10", "x", "", "9" * 5000], key=claim_order) == [
        "",
        "2.5",
        "2.10",
        "x",
        "15.1",
        "9" * 5000,
    ]
