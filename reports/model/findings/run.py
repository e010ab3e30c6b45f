"""Findings about a run itself: flaky cases, planted faults, and what a case states in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from reports.model.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRate:
    """Failures among repetitions, with the exact 95% interval of the rate; `low` and `high` are shares."""

    failures: int
    repetitions: int
    low: Figure
    high: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakyCase:
    """A case that failed in some of its repetitions."""

    case: str
    rate: FailureRate


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakesFinding:
    """The flaky ones among `cases` repeated cases, and the failure rate of all. `broken` cases failed each time."""

    kind: Literal["flakes"] = "flakes"
    cases: int
    rate: FailureRate
    flaky: tuple[FlakyCase, ...]
    broken: tuple[str, ...]


class Detection(StrEnum):
    """Whether a planted fault was detected, worst first. Only `CAUGHT` counts.

    - `MISSED`: no case failed.
    - `BY_ACCIDENT`: a case failed, but not the assertion that is meant for the fault.
    - `TOO_WIDE`: the fault was caught, but cases failed that had to pass.
    - `CAUGHT`: the assertion that is meant for the fault failed.
    """

    MISSED = "not noticed"
    BY_ACCIDENT = "noticed by accident"
    TOO_WIDE = "too wide"
    CAUGHT = "caught"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFaultFinding:
    """Whether the suites noticed a fault that was planted in a live cluster.

    `cases` maps each case to its result. `details` says what failed, and where.
    """

    kind: Literal["planted"] = "planted"
    fault: str
    detection: Detection
    cases: dict[str, str]
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFinding:
    """A conclusion in the words of its author: a suite outside this project, or a run of schema version 1.

    `method` says how sure it is.
    """

    kind: Literal["stated"] = "stated"
    topic: str
    statement: str
    method: str
    numbers: dict[str, Figure] = field(default_factory=dict)
