"""The results of a run, the content of `results.json`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from reports.model.cases import CaseResult, Outcome
from reports.model.claims import ClaimResult
from reports.model.findings import Finding
from reports.model.measurements import Measurement


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One invocation. Times are UTC, ISO 8601; `finished` is None while it runs, or if it was stopped early."""

    id: str
    started: str
    finished: str | None
    mode: str
    source: str
    substrate: str
    kubernetes: str
    kernel: str
    nodes: int
    cpus: int
    seed: int
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunResults:
    """The results of a run so far. They grow by copies; no instance is changed."""

    run: RunInfo
    environment: dict[str, Any] = field(default_factory=dict)
    cases: tuple[CaseResult, ...] = ()
    claims: tuple[ClaimResult, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()

    def with_case(self, case: CaseResult) -> Self:
        """Return the results with this case added; it replaces an earlier result of the same case."""
        others = tuple(earlier for earlier in self.cases if earlier.id != case.id)
        return replace(self, cases=(*others, case))

    def count(self, outcome: Outcome) -> int:
        """Return how many cases had this outcome."""
        return sum(case.outcome is outcome for case in self.cases)

    @property
    def failed(self) -> bool:
        """Return True if Kubernetes or the environment failed in any case."""
        return any(case.outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR) for case in self.cases)

    @property
    def all_skipped(self) -> bool:
        """Return True if there are cases and none of them ran."""
        return bool(self.cases) and self.count(Outcome.SKIPPED) == len(self.cases)
