"""The JSON Schema of `results.json`: generated from the records, committed, and able to reject."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from reports.model import ChangeSample, TimeSlice, json_schema, results_from_json, results_to_json
from reports.schema import NotTheContract, require_contract
from tests.unit.reports.sample import RESULTS, measured
from tests.unit.reports.sample_findings import FINDINGS
from tests.unit.reports.schema import REPOSITORY, SCHEMA_FILE

COMPLETE = replace(
    RESULTS,
    measurements=(
        replace(
            measured(0),
            time_slices=(TimeSlice(0.0, 15.0, "SElT"),),
            samples=(ChangeSample(0, 0, 12.5), ChangeSample(1, 0, None)),
            flags=("saturated: 1 of 2",),
            invalid_reason="a worker was lost",
        ),
    ),
    findings=tuple(finding for finding, _ in FINDINGS.values()),
)


def test_the_committed_schema_is_generated_from_the_records():
    assert json.loads(SCHEMA_FILE.read_text()) == json_schema()
    Draft202012Validator.check_schema(json_schema())


def test_results_with_every_kind_of_finding_fit_the_schema_and_are_read_back():
    text = results_to_json(COMPLETE)
    require_contract(text)
    read = results_from_json(text)
    assert results_to_json(read) == text
    assert read.measurements == COMPLETE.measurements


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ("measurements", "name", "first_package"),
        ("measurements", "n", "9"),
        ("measurements", "conditions", {"services": "many"}),
        ("cases", "outcome", "lost"),
        ("findings", "kind", "rumour"),
        ("findings", "checks", [{"check": "steps", "holds": 1}]),
    ],
)
def test_the_schema_rejects_what_is_no_result(place, key, value):
    document = json.loads(results_to_json(COMPLETE))
    document[place][0][key] = value
    with pytest.raises(NotTheContract):
        require_contract(json.dumps(document))


def test_another_version_does_not_fit_the_schema():
    document = {**json.loads(results_to_json(COMPLETE)), "schema": "kubeproof.results/1"}
    with pytest.raises(NotTheContract):
        require_contract(json.dumps(document))


@pytest.mark.parametrize(
    "run", sorted((REPOSITORY / "docs" / "results").glob("*/results.json")), ids=lambda f: f.parent.name
)
def test_committed_runs_fit_the_schema_once_they_are_upgraded(run):
    require_contract(results_to_json(results_from_json(run.read_text())))
