"""The records of a run: the contract `kubeproof.results/1`, as frozen dataclasses.

A run is `RunResults`: what was asked for (`RunInfo`), the environment's fingerprint, cases, claims,
measurements and findings. `as_json` and `from_json` are the only two ways to and from `results.json`.
"""

from __future__ import annotations

import re
import reprlib
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from reports.document import read_record, storable

SCHEMA = "kubeproof.results/1"
RESULTS_FILE = "results.json"
"""The file, in a run's directory, that holds its results."""


class Outcome(StrEnum):
    """What became of a case. `environment error`: the world failed, Kubernetes was not on trial."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ENVIRONMENT_ERROR = "environment error"


class Verdict(StrEnum):
    """What became of a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    CONDITIONAL = "conditional"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One invocation. Times are UTC, ISO 8601; `finished` is None while it runs, or if it was killed."""

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
class CaseResult:
    """A case's end. `reason` says why it did not pass; `bundle` is a path below the run's directory."""

    id: str
    suite: str
    outcome: Outcome
    reason: str
    duration_s: float
    claims: tuple[str, ...] = ()
    bundle: str | None = None


NOT_IN_RUN = "no case of this run decides it"
"""The condition of a claim whose cases were not part of the run."""


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim's verdict in this run's mode.

    `evidence` is what cases that passed have observed, in one or more sentences. `condition` says when a
    conditional claim holds and why an untested one is untested; where the claim is refuted it may name
    cases whose verdicts do not count. `text` is the claim in our words.
    """

    id: str
    text: str
    verdict: Verdict
    condition: str
    evidence: str
    cases: tuple[str, ...]

    @property
    def in_run(self) -> bool:
        """A case of the run was about it, whatever became of that case."""
        return self.condition != NOT_IN_RUN


IN_NO_CONCLUSION = "in no conclusion: "
"""How a flag begins that keeps a measurement's numbers and forbids to conclude from them; then why."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A named distribution with its conditions.

    `quantiles` maps "p50", "p90", "p99", ... to values in `unit`; `ci95` maps the same names to the ends
    of a 95% interval; `histogram` is an encoded HDR histogram (V2, base64) of all samples, corrections
    excluded. `flags` holds what speaks against the number, e.g. "saturated: ...".
    """

    name: str
    unit: str
    conditions: dict[str, Any]
    n: int
    errors: int
    quantiles: dict[str, float]
    ci95: dict[str, tuple[float, float]]
    histogram: str
    flags: tuple[str, ...] = ()

    @property
    def concludes(self) -> bool:
        """Something may be concluded from it."""
        return not any(flag.startswith(IN_NO_CONCLUSION) for flag in self.flags)


SELF_CHECK = "self-check"
"""The kind of findings about a measurement's check of itself; `numbers["holds"]` is 1 if it holds, else 0."""

PLANTED = "planted"
"""The kind of findings about faults planted on purpose.

Of `numbers`, "caught" is 1 if the assertion that is meant for the fault failed, "by_accident" if only something else
did, "too_wide" if cases failed, too, that had to pass; with none of them the fault was not noticed.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a report concludes from measurements or claims; `confidence` says how sure, in words."""

    kind: str
    statement: str
    numbers: dict[str, Any]
    confidence: str


@dataclass(frozen=True, slots=True)
class RunResults:
    """A run as it stands now; grown by `replace`-like methods, never changed in place."""

    run: RunInfo
    environment: dict[str, Any] = field(default_factory=dict)
    cases: tuple[CaseResult, ...] = ()
    claims: tuple[ClaimResult, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()

    def with_case(self, case: CaseResult) -> Self:
        """A later result of the same case takes the place of the earlier one."""
        others = tuple(seen for seen in self.cases if seen.id != case.id)
        return replace(self, cases=(*others, case))

    def count(self, outcome: Outcome) -> int:
        return sum(case.outcome is outcome for case in self.cases)

    @property
    def failed(self) -> bool:
        """True if Kubernetes or the world failed in any case."""
        return any(case.outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR) for case in self.cases)

    @property
    def all_skipped(self) -> bool:
        """True if there are cases and none of them ran."""
        return bool(self.cases) and self.count(Outcome.SKIPPED) == len(self.cases)

    def as_json(self) -> dict[str, Any]:
        """The document of `results.json`; cases sorted by id, claims in the order of their numbers.

        A number that is none (NaN, infinite) is null.
        """
        doc = asdict(self)
        doc["cases"] = sorted(doc["cases"], key=lambda case: case["id"])
        doc["claims"] = sorted(doc["claims"], key=lambda claim: claim_order(claim["id"]))
        document: dict[str, Any] = storable({"schema": SCHEMA, **doc})
        return document

    @classmethod
    def from_json(cls, doc: object) -> Self:
        """Read a document back. Raises `ValueError` for another schema, and for what is no document of this one."""
        _require_schema(doc)
        return read_record(cls, doc, "results")


def _require_schema(doc: object) -> None:
    found = doc.get("schema") if isinstance(doc, dict) else doc
    if found == SCHEMA:
        return
    family, _, version = SCHEMA.partition("/")
    number = re.fullmatch(rf"{re.escape(family)}/(\d{{1,9}})", found) if isinstance(found, str) else None
    newer = "a newer kubeproof wrote it: " if number and int(number[1]) > int(version) else ""
    raise ValueError(f"{newer}expected schema {SCHEMA}, found {reprlib.repr(found)}")


def claim_order(claim_id: str) -> tuple[tuple[int, str], ...]:
    """Return the sort key of a claim's number: 2.5 before 15.1. What is no number has a place too."""
    return tuple((len(part), part) for part in claim_id.split("."))
