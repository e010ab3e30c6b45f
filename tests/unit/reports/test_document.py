"""Documents on their way to the file and back: what JSON cannot hold, and what is none of ours."""

import json
import math
from dataclasses import replace

import pytest

from reports.model import SCHEMA, Finding, RunResults, claim_order
from tests.unit.reports.sample import RESULTS, RUN, measured


def document(**changed):
    return {**json.loads(json.dumps(RESULTS.as_json())), **changed}


def refusal(doc):
    with pytest.raises(ValueError) as refused:
        RunResults.from_json(doc)
    return str(refused.value)


def test_a_document_is_read_as_it_was_written():
    assert RunResults.from_json(document()).as_json() == RESULTS.as_json()


def test_what_json_has_no_number_for_is_null_and_comes_back_as_not_a_number():
    odd = replace(
        measured(0),
        quantiles={"p50": math.nan, "p99": math.inf},
        ci95={"p50": (-math.inf, 1.0)},
        conditions={"x": math.nan},
    )
    finding = Finding("growth", "It grows.", {"per_rule_ns": [math.nan, 1.0]}, "")
    results = replace(RESULTS, measurements=(odd,), findings=(finding,))
    text = json.dumps(results.as_json(), allow_nan=False)
    (read,) = RunResults.from_json(json.loads(text)).measurements
    assert all(math.isnan(value) for value in (*read.quantiles.values(), read.ci95["p50"][0]))
    assert read.conditions == {"x": None}
    assert json.loads(text)["findings"][0]["numbers"] == {"per_rule_ns": [None, 1.0]}


@pytest.mark.parametrize(
    ("doc", "said"),
    [
        ([], "expected schema kubeproof.results/1, found []"),
        (None, "expected schema kubeproof.results/1, found None"),
        ({}, "expected schema kubeproof.results/1, found None"),
        ({"schema": "somebody/1"}, "expected schema kubeproof.results/1, found 'somebody/1'"),
        ({"schema": "kubeproof.results/0"}, "expected schema kubeproof.results/1, found 'kubeproof.results/0'"),
        (
            {"schema": "kubeproof.results/99"},
            "a newer kubeproof wrote it: expected schema kubeproof.results/1, found 'kubeproof.results/99'",
        ),
        ({"schema": SCHEMA}, "results lacks 'run'"),
        (document(run=7), "results.run: expected an object, found 7"),
        (document(run={}), "results.run lacks 'id'"),
        (document(cases={}), "results.cases: expected a list, found {}"),
        (document(cases=["x"]), "results.cases[0]: expected an object, found 'x'"),
        (document(environment=None), "results.environment: expected an object, found None"),
    ],
)
def test_a_foreign_document_is_refused_with_the_reason(doc, said):
    assert refusal(doc) == said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("unit", 1, "expected a text, found 1"),
        ("n", 1.5, "expected a whole number, found 1.5"),
        ("n", True, "expected a whole number, found True"),
        ("conditions", [], "expected an object, found []"),
        ("quantiles", {"p50": "100"}, "expected a number, found '100'"),
        ("quantiles", {"p50": False}, "expected a number, found False"),
        ("ci95", {"p50": [1.0]}, "expected a list of 2, found [1.0]"),
        ("ci95", {"p50": 1.0}, "expected a list of 2, found 1.0"),
        ("flags", "saturated", "expected a list, found 'saturated'"),
    ],
)
def test_a_measurement_of_other_types_is_refused_with_its_place(field, value, said):
    broken = document()
    broken["measurements"][1][field] = value
    place = f"results.measurements[1].{field}" + ("['p50']" if field in ("quantiles", "ci95") else "")
    assert refusal(broken) == f"{place}: {said}"


def test_an_unknown_outcome_is_refused_with_those_there_are():
    broken = document()
    broken["cases"][0]["outcome"] = "lost"
    assert refusal(broken) == (
        "results.cases[0].outcome: expected one of passed, failed, skipped, environment error, found 'lost'"
    )
    broken["cases"][0]["outcome"] = ["passed"]
    assert "found ['passed']" in refusal(broken)


def test_what_is_found_is_told_in_a_few_words():
    assert len(refusal(document(run="x" * 10_000))) < 120


def test_entries_of_a_later_version_of_the_schema_are_left_out():
    later = document(weather="fair")
    later["run"]["host"] = "h"
    assert RunResults.from_json(later).run == RUN


def test_claims_have_an_order_whatever_they_are_called():
    assert sorted(["15.1", "2.5", "2.10", "x", "", "9" * 5000], key=claim_order) == [
        "",
        "2.5",
        "2.10",
        "x",
        "15.1",
        "9" * 5000,
    ]
