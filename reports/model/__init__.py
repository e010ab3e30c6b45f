"""The records of a run, and the codec of `results.json`."""

from reports.model.cases import CaseResult, Outcome
from reports.model.claims import NOT_IN_RUN, ClaimResult, Verdict, claim_order
from reports.model.codec import RESULTS_FILE, SCHEMA, results_from_json, results_to_json
from reports.model.findings import PLANTED, SELF_CHECK, Finding
from reports.model.measurements import IN_NO_CONCLUSION, Measurement
from reports.model.results import RunInfo, RunResults

__all__ = [
    "IN_NO_CONCLUSION",
    "NOT_IN_RUN",
    "PLANTED",
    "RESULTS_FILE",
    "SCHEMA",
    "SELF_CHECK",
    "CaseResult",
    "ClaimResult",
    "Finding",
    "Measurement",
    "Outcome",
    "RunInfo",
    "RunResults",
    "Verdict",
    "claim_order",
    "results_from_json",
    "results_to_json",
]
