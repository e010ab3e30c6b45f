"""The records of a run, and the codec of `results.json`. Records of findings are in `reports.model.findings`."""

from reports.model.cases import CaseResult, Outcome
from reports.model.claims import NOT_IN_RUN, ClaimResult, Verdict, claim_order
from reports.model.codec import RESULTS_FILE, SCHEMA, json_schema, results_from_json, results_to_json
from reports.model.figure import Interval
from reports.model.findings import Finding
from reports.model.measurements import ChangeSample, Conditions, Measurement, MeasurementName, TimeSlice
from reports.model.results import RunInfo, RunResults

__all__ = [
    "NOT_IN_RUN",
    "RESULTS_FILE",
    "SCHEMA",
    "CaseResult",
    "ChangeSample",
    "ClaimResult",
    "Conditions",
    "Finding",
    "Interval",
    "Measurement",
    "MeasurementName",
    "Outcome",
    "RunInfo",
    "RunResults",
    "TimeSlice",
    "Verdict",
    "claim_order",
    "json_schema",
    "results_from_json",
    "results_to_json",
]
