"""The history of runs: each figure over time with its changes of level, and each case by run."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import TypeAdapter

from reports.model.cases import Outcome
from reports.model.figure import Figure, Interval, OptionalFigure

HISTORY_SCHEMA = "kubeproof.history/1"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Setting:
    """What figures of comparable runs have in common: mode, substrate, versions, and the size of host and cluster."""

    mode: str
    substrate: str
    kubernetes: str
    source: str
    kernel: str
    cpus: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoricRun:
    """A run of a history. `path` leads to its page, or to its data if it has no page, from the history's page."""

    id: str
    started: str
    setting: Setting
    path: str
    passed: int
    failed: int
    environment_errors: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A figure of one run. `low` and `high` are its 95% interval, if it has one.

    `trusted` is False if the run did not finish or a self-check of it failed; such a point is shown, and no change is
    concluded from it.
    """

    run: str
    started: str
    value: Figure
    low: OptionalFigure = None
    high: OptionalFigure = None
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChange:
    """A change of a figure's level between two runs: the medians of the levels before and after it.

    `last` is the last run before and `first` the first run after it. A higher figure is worse: all are costs.
    """

    last: str
    first: str
    before: Figure
    after: Figure

    @property
    def worse(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure in one setting, in the order of time."""

    setting: Setting
    figure: str
    unit: str
    points: tuple[Point, ...]
    changes: tuple[LevelChange, ...]

    @property
    def changed_for_the_worse(self) -> bool:
        """Return True if the last change of the series was one for the worse: the series is still at that level."""
        return bool(self.changes) and self.changes[-1].worse


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHistory:
    """A case in one mode and on one substrate: its outcome by run.

    `failure_rate` is the share of its runs in which Kubernetes or the environment failed, of those that were not
    skipped, with its 95% interval.
    """

    case: str
    mode: str
    substrate: str
    outcomes: dict[str, Outcome]
    failure_rate: Interval

    @property
    def flaky(self) -> bool:
        """Return True if it has both passed and not passed."""
        found = set(self.outcomes.values()) - {Outcome.SKIPPED}
        return Outcome.PASSED in found and len(found) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All runs of a folder. `runs` are in the order of time."""

    runs: tuple[HistoricRun, ...]
    series: tuple[Series, ...]
    cases: tuple[CaseHistory, ...]


def history_to_json(history: History) -> str:
    """Return the history as JSON; NaN and infinity are null."""
    document = TypeAdapter(History).dump_python(history, mode="json")
    return json.dumps({"schema": HISTORY_SCHEMA, **document}, indent=1) + "\n"
