"""Figures over time with the levels between their changes, and the outcomes of cases by run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from reports.charts.chart import Chart, Layers, data, specification
from reports.charts.theme import SERIES
from reports.model.history import CaseHistory, HistoricRun, Series
from reports.writers.readable import drawable, short

BETTER, WORSE, POINT = "#1c8f68", "#c8504a", SERIES[0]
OUTCOME_COLOURS = {"passed": "#1c8f68", "failed": "#c8504a", "environment error": "#c96a0b", "skipped": "#9aa4ae"}
NAME_PX = 120
"""The width of case names beside the cells: on a phone the cells need the rest. The table behind has whole names."""

ROW_PX = 20


def series_chart(series: Series, number: int) -> Chart | None:
    """Return one figure over time, with a line for each level; points that are not trusted are hollow."""
    points = [
        {
            "t": point.started,
            "v": round(point.value, 4),
            "l": round(point.value if point.low is None else point.low, 4),
            "h": round(point.value if point.high is None else point.high, 4),
            "run": point.run,
            "ok": point.trusted,
        }
        for point in series.points
        if None not in map(drawable, (point.value, point.low or 0.0, point.high or 0.0))
    ]
    if not points:
        return None
    levels = list(_levels(series))
    return Chart(
        id=f"series-{number}",
        title=series.figure,
        description=f"{series.unit} by date of the run.",
        spec=specification(_over_time(points, levels, series.unit), height=150),
        columns=("from run", "to run", f"level, {series.unit}"),
        rows=tuple((level["first"], level["last"], short(level["v"])) for level in levels),
    )


def _levels(series: Series) -> Iterator[dict[str, Any]]:
    """Yield the levels of a series; a series without changes has one, without a stated median."""
    if not series.changes:
        return
    started = {point.run: point.started for point in series.points}
    begins = (series.points[0].run, *(change.first for change in series.changes))
    ends = (*(change.last for change in series.changes), series.points[-1].run)
    medians = (series.changes[0].before, *(change.after for change in series.changes))
    better = (None, *(not change.worse for change in series.changes))
    for first, last, value, improved in zip(begins, ends, medians, better, strict=True):
        yield {
            "first": first,
            "last": last,
            "from": started[first],
            "to": started[last],
            "v": round(value, 4),
            "colour": POINT if improved is None else BETTER if improved else WORSE,
        }


def _over_time(points: list[dict[str, Any]], levels: list[dict[str, Any]], unit: str) -> Layers:
    x, y = alt.X("t:T", title=None, axis=alt.Axis(tickCount=4)), alt.Y("v:Q", title=unit, scale=alt.Scale(zero=False))
    tooltip = [alt.Tooltip("run:N"), alt.Tooltip("v:Q", title=unit, format=",.4~g")]
    here = alt.Chart(data(points))
    held = alt.Chart(data(levels)).mark_rule(strokeWidth=3, opacity=0.6)
    layers = [
        held.encode(x=alt.X("from:T", title=None), x2=alt.X2("to:T"), y=y, color=alt.Color("colour:N", scale=None)),
        here.mark_rule(opacity=0.35, color=POINT).encode(x=x, y=alt.Y("l:Q", title=unit), y2="h:Q"),
        here.transform_filter("datum.ok")
        .mark_point(filled=True, size=28, opacity=1, color=POINT)
        .encode(x=x, y=y, tooltip=tooltip),
        here.transform_filter("!datum.ok").mark_point(size=28, color=POINT).encode(x=x, y=y, tooltip=tooltip),
    ]
    return alt.layer(*(layers if levels else layers[1:]))


def case_chart(cases: Sequence[CaseHistory], runs: Sequence[HistoricRun]) -> Chart | None:
    """Return the outcomes of cases that did not always pass, by run."""
    started = {run.id: run.started for run in runs}
    order = [run.id for run in runs]
    rows = [
        {"case": _name(case), "run": run, "t": started.get(run, ""), "outcome": str(outcome)}
        for case in cases
        for run, outcome in case.outcomes.items()
    ]
    if not rows:
        return None
    outcomes = list(OUTCOME_COLOURS)
    colour = alt.Color(
        "outcome:N",
        scale=alt.Scale(domain=outcomes, range=[OUTCOME_COLOURS[outcome] for outcome in outcomes]),
        legend=alt.Legend(columns=2),
    )
    cells = (
        alt.Chart(data(rows))
        .mark_rect(stroke="transparent")
        .encode(
            x=alt.X("run:N", sort=order, title="run", axis=alt.Axis(labels=False, ticks=False)),
            y=alt.Y("case:N", title=None, sort=[_name(case) for case in cases], axis=alt.Axis(labelLimit=NAME_PX)),
            color=colour,
            tooltip=[alt.Tooltip("case:N"), alt.Tooltip("run:N"), alt.Tooltip("outcome:N")],
        )
    )
    return Chart(
        id="case-chart",
        title="Cases that did not always pass",
        description="Outcome by run, in the order of time.",
        spec=specification(alt.layer(cells), height=ROW_PX * len(cases) + 40),
        columns=("case", "run", "outcome"),
        rows=tuple((row["case"], row["run"], row["outcome"]) for row in rows if row["outcome"] != "passed"),
    )


def _name(case: CaseHistory) -> str:
    return f"{case.case.rpartition('::')[2]} ({case.mode} on {case.substrate})"
