"""Make a history from runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import scipy

from harness.history.changes import level_starts
from harness.history.figures import HistoricFigure, figures
from reports.model import Interval, Outcome, RunResults
from reports.model.findings import SelfCheckFinding
from reports.model.history import CaseHistory, HistoricRun, History, LevelChange, Point, Series, Setting

NOT_PASSED = (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The results of a run, and the path of its page, or of its data, relative to the page of the history."""

    results: RunResults
    path: str


def history(runs: Sequence[StoredRun]) -> History:
    """Return the history of these runs. A run that was stored twice counts once."""
    by_id = {stored.results.run.id: stored for stored in sorted(runs, key=lambda stored: stored.path)}
    ordered = sorted(by_id.values(), key=lambda stored: (stored.results.run.started, stored.results.run.id))
    return History(
        runs=tuple(map(_run, ordered)),
        series=tuple(_all_series([stored.results for stored in ordered])),
        cases=tuple(_cases([stored.results for stored in ordered])),
    )


def _run(stored: StoredRun) -> HistoricRun:
    results = stored.results
    return HistoricRun(
        id=results.run.id,
        started=results.run.started,
        setting=setting_of(results),
        path=stored.path,
        passed=results.count(Outcome.PASSED),
        failed=results.count(Outcome.FAILED),
        environment_errors=results.count(Outcome.ENVIRONMENT_ERROR),
        skipped=results.count(Outcome.SKIPPED),
    )


def setting_of(results: RunResults) -> Setting:
    """Return the setting of a run; figures of different settings are different series."""
    run = results.run
    return Setting(
        mode=run.mode,
        substrate=run.substrate,
        kubernetes=run.kubernetes,
        source=run.source,
        kernel=run.kernel,
        cpus=run.cpus,
        nodes=run.nodes,
    )


def _all_series(runs: Sequence[RunResults]) -> Iterator[Series]:
    found: dict[tuple[Setting, str, str], list[Point]] = {}
    for results in runs:
        for figure in figures(results):
            found.setdefault((setting_of(results), figure.name, figure.unit), []).append(_point(results, figure))
    for (setting, name, unit), points in sorted(found.items(), key=lambda entry: entry[0]):
        yield Series(setting=setting, figure=name, unit=unit, points=tuple(points), changes=tuple(_changes(points)))


def _point(results: RunResults, figure: HistoricFigure) -> Point:
    checks = [found for found in results.findings if isinstance(found, SelfCheckFinding)]
    low, high = figure.ends or (None, None)
    return Point(
        run=results.run.id,
        started=results.run.started,
        value=figure.value,
        low=low,
        high=high,
        trusted=results.run.finished is not None and all(check.holds for check in checks),
    )


def _changes(points: Sequence[Point]) -> Iterator[LevelChange]:
    trusted = [point for point in points if point.trusted]
    starts = level_starts([point.value for point in trusted])
    levels = [trusted[begin:end] for begin, end in pairwise((0, *starts, len(trusted)))]
    for before, after in pairwise(levels):
        yield LevelChange(
            last=before[-1].run,
            first=after[0].run,
            before=median(point.value for point in before),
            after=median(point.value for point in after),
        )


def _cases(runs: Sequence[RunResults]) -> Iterator[CaseHistory]:
    """Yield each case that did not pass in some run, by mode and substrate."""
    outcomes: dict[tuple[str, str, str], dict[str, Outcome]] = {}
    for results in runs:
        for case in results.cases:
            place = (case.id, results.run.mode, results.run.substrate)
            outcomes.setdefault(place, {})[results.run.id] = case.outcome
    for (case_id, mode, substrate), by_run in sorted(outcomes.items()):
        ran = [outcome for outcome in by_run.values() if outcome is not Outcome.SKIPPED]
        failed = sum(outcome in NOT_PASSED for outcome in ran)
        if failed:
            yield CaseHistory(
                case=case_id,
                mode=mode,
                substrate=substrate,
                outcomes=by_run,
                failure_rate=_share(failed, len(ran)),
            )


def _share(failed: int, ran: int) -> Interval:
    """Return a share with its exact 95% interval (Clopper and Pearson 1934)."""
    ends = scipy.stats.binomtest(failed, ran).proportion_ci(0.95, method="exact")
    return Interval(failed / ran, float(ends.low), float(ends.high))
