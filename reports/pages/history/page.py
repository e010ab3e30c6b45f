"""The page of a history: what changed, when, and which cases fail now and then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby

from reports.charts.chart import Chart
from reports.charts.history import case_chart, series_chart
from reports.model.history import HistoricRun, History, LevelChange, Series, Setting, history_to_json
from reports.pages.page import page_html
from reports.writers.readable import readable
from reports.writers.sentences.history import change_sentence, flake_sentence, history_verdict, setting_words


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change, in words, with its two runs."""

    sentence: str
    worse: bool
    last: HistoricRun
    first: HistoricRun
    chart: str


def history_html(history: History) -> str:
    """Return the whole page. Links to runs are their paths in the history, relative to the page."""
    stored = history_to_json(history)
    history = readable(history)
    followed = [series for series in history.series if len(series.points) > 1]
    numbered = [(series, series_chart(series, number)) for number, series in enumerate(followed, 1)]
    cases = case_chart(history.cases, history.runs)
    drawn = [chart for _, chart in numbered if chart is not None] + ([cases] if cases else [])
    return page_html(
        "history.html.j2",
        charts=bool(drawn),
        stored=stored,
        history=history,
        verdict=history_verdict(history),
        changes=_changes(history, numbered),
        settings=_by_setting(numbered),
        single=len(history.series) - len(followed),
        case_chart=cases,
        flaky=[(case, flake_sentence(case)) for case in history.cases if case.flaky],
        specs=json.dumps({chart.id: [chart.spec, chart.log_spec] for chart in drawn}),
    )


def _changes(history: History, numbered: list[tuple[Series, Chart | None]]) -> list[ShownChange]:
    """Return all changes: those for the worse first, then the newest."""
    runs = {run.id: run for run in history.runs}
    found = [
        _shown(series, change, runs, "" if chart is None else chart.id)
        for series, chart in numbered
        for change in series.changes
    ]
    newest_first = sorted(found, key=lambda change: change.first.started, reverse=True)
    return sorted(newest_first, key=lambda change: not change.worse)


def _shown(series: Series, change: LevelChange, runs: dict[str, HistoricRun], chart: str) -> ShownChange:
    return ShownChange(change_sentence(series, change), change.worse, runs[change.last], runs[change.first], chart)


def _by_setting(numbered: list[tuple[Series, Chart | None]]) -> list[tuple[str, list[Chart]]]:
    """Return the charts of each setting, under the setting in words."""

    def setting(entry: tuple[Series, Chart | None]) -> Setting:
        return entry[0].setting

    return [
        (setting_words(here), [chart for _, chart in found if chart is not None])
        for here, found in groupby(numbered, key=setting)
    ]
