"""A case's record, made in the process that runs the case and sent to the controller inside pytest's reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from kubernetes.client.exceptions import ApiException
from pydantic import TypeAdapter

from clusters.errors import WorldError
from harness.run.claims import ClaimRecorder, RecordedVerdict
from reports.model import Finding, Measurement, Outcome
from reports.text import map_texts, storable

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


CASE_REPORTS = TypeAdapter(CaseReport)


RECORD = pytest.StashKey[CaseRecord]()


def new_record(item: pytest.Item) -> CaseRecord:
    """Return an empty record for an item that is about to run, and store it in the item's stash."""
    may_decide = tuple(claim for marker in item.iter_markers("claim") for claim in marker.args)
    record = CaseRecord(ClaimRecorder(item.nodeid, may_decide), may_decide)
    item.stash[RECORD] = record
    return record


def attach(report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Attach to the report what the controller needs, as JSON text, which xdist serialises unchanged.

    Unpaired surrogates, which JSON text in UTF-8 cannot hold, are escaped.
    """
    record = item.stash[RECORD]
    last = report.when == "teardown"
    content = CaseReport(
        outcome=outcome_of(report, call),
        reason=reason_of(report, call),
        may_decide=record.may_decide,
        bundle=record.bundle,
        verdicts=tuple(record.claims.recorded) if last else (),
        measurements=tuple(record.measurements) if last else (),
        findings=tuple(record.findings) if last else (),
    )
    setattr(report, ATTRIBUTE, CASE_REPORTS.dump_json(map_texts(content, storable)).decode())


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


def read_case_report(report: pytest.TestReport) -> CaseReport:
    """Read a report. A report without our payload comes from xdist itself: the worker crashed while it ran the case."""
    text: str | None = getattr(report, ATTRIBUTE, None)
    if text is None:
        return CaseReport(Outcome.ENVIRONMENT_ERROR, str(report.longrepr), (), None, (), (), ())
    return CASE_REPORTS.validate_json(text, strict=True)
