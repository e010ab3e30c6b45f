"""The result of a case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reports.model.figure import Figure


class Outcome(StrEnum):
    """How a case ended. Environment error: the host, the cluster or the test failed, so Kubernetes was not tested."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ENVIRONMENT_ERROR = "environment error"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case. `reason` says why it did not pass; `bundle` is a path below the run's directory."""

    id: str
    suite: str
    outcome: Outcome
    reason: str
    duration_s: Figure
    claims: tuple[str, ...] = ()
    bundle: str | None = None
