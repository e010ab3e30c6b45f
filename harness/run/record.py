"""A case's record, made in the process that runs the case and sent to the controller inside pytest's reports."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from clusters.errors import WorldError
from harness.run.claims import ClaimRecorder, RecordedVerdict
from reports.model import Finding, Measurement, Outcome, Verdict

ATTRIBUTE = "kubeproof"

UNABLE = frozenset((401, 403, 408, 429))
"""HTTP statuses by which the API server says that it cannot or may not serve us now, as every status from 500 on does:
it is overloaded, or has just restarted and has not loaded its roles yet."""


@dataclass(slots=True)
class CaseRecord:
    """What a case has recorded so far."""

    claims: ClaimRecorder
    may_decide: tuple[str, ...]
    measurements: list[Measurement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    bundle: str | None = None


RECORD = pytest.StashKey[CaseRecord]()


def new_record(item: pytest.Item) -> CaseRecord:
    """Return an empty record for an item that is about to run, and store it in the item's stash."""
    may_decide = tuple(claim for marker in item.iter_markers("claim") for claim in marker.args)
    record = CaseRecord(ClaimRecorder(item.nodeid, may_decide), may_decide)
    item.stash[RECORD] = record
    return record


def attach(report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Attach to the report what the controller needs, as JSON text, which xdist serialises unchanged."""
    record = item.stash[RECORD]
    last = report.when == "teardown"
    payload = {
        "outcome": str(outcome_of(report, call)),
        "reason": reason_of(report, call),
        "may_decide": list(record.may_decide),
        "bundle": record.bundle,
        "verdicts": [asdict(verdict) for verdict in record.claims.recorded] if last else [],
        "measurements": [asdict(measured) for measured in record.measurements] if last else [],
        "findings": [asdict(found) for found in record.findings] if last else [],
    }
    setattr(report, ATTRIBUTE, json.dumps(payload))


def outcome_of(report: pytest.TestReport, call: pytest.CallInfo[None]) -> Outcome:
    """Return the outcome of one phase of a case. Kubernetes failed only if the case itself found that it did.

    Any other exception is an environment error: of the world, such as a broken connection, or of the case, such as a
    `KeyError`. Neither shows that Kubernetes misbehaved. So is anything that fails in set-up or tear-down: late pods
    or a namespace that stays may be Kubernetes' doing, but the case asserts other things, and those were not observed.
    """
    if report.skipped:
        return Outcome.SKIPPED
    if not report.failed:
        return Outcome.PASSED
    error = None if call.excinfo is None else call.excinfo.value
    # pytest itself fails a case without an exception, through plugins or a strict xfail: that is a failed expectation.
    if report.when == "call" and (error is None or _blames_kubernetes(error)):
        return Outcome.FAILED
    return Outcome.ENVIRONMENT_ERROR


def _blames_kubernetes(error: BaseException) -> bool:
    """Return True for a failed expectation, and for a response by which the API server rejects the request itself."""
    if isinstance(error, ApiException):
        status = error.status or 0
        return 400 <= status < 500 and status not in UNABLE
    return isinstance(error, AssertionError | pytest.fail.Exception)


def reason_of(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """Return one or two lines for the report. The details are in the bundle and the log."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    if call.excinfo is None or not report.failed:
        return ""
    error = call.excinfo.value
    where = "" if report.when == "call" else f"in {report.when}: "
    kind = "" if isinstance(error, AssertionError | WorldError) else f"{type(error).__name__}: "
    return f"{where}{kind}{str(error).strip()[:2000]}"


@dataclass(frozen=True, slots=True)
class CaseReport:
    """The content of one report on a case, as the controller reads it."""

    outcome: Outcome
    reason: str
    may_decide: tuple[str, ...]
    bundle: str | None
    verdicts: tuple[RecordedVerdict, ...]
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]


def read_case_report(report: pytest.TestReport) -> CaseReport:
    """Read a report. A report without our payload comes from xdist itself: the worker crashed while it ran the case."""
    text: str | None = getattr(report, ATTRIBUTE, None)
    if text is None:
        return CaseReport(Outcome.ENVIRONMENT_ERROR, str(report.longrepr), (), None, (), (), ())
    payload: dict[str, Any] = json.loads(text)
    return CaseReport(
        outcome=Outcome(payload["outcome"]),
        reason=payload["reason"],
        may_decide=tuple(payload["may_decide"]),
        bundle=payload["bundle"],
        verdicts=tuple(
            RecordedVerdict(**{**found, "verdict": Verdict(found["verdict"])}) for found in payload["verdicts"]
        ),
        measurements=tuple(_measurement(measured) for measured in payload["measurements"]),
        findings=tuple(Finding(**found) for found in payload["findings"]),
    )


def _measurement(doc: dict[str, Any]) -> Measurement:
    ci95 = {name: (ends[0], ends[1]) for name, ends in doc["ci95"].items()}
    return Measurement(**{**doc, "ci95": ci95, "flags": tuple(doc["flags"])})
