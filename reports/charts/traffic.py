"""Latency and failures of steady traffic over time, before, during and after a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from reports.charts.chart import Chart, Layers, chooser, data, specification
from reports.charts.histogram import median_and_slowest
from reports.charts.theme import PART_COLOURS
from reports.model import Measurement, MeasurementName, RunResults
from reports.model.findings import UnderChangeFinding
from reports.writers.readable import fixed, many

CLOCKS = ("corrected", "wall", "kernel")
"""The first one is shown first: what a client would have noticed, from the moment at which it wanted to send."""

MEDIAN, SLOWEST = "median", "slowest"

WORDS = {"corrected": "from the intended start", "wall": "from the actual start", "kernel": "by the kernel's clock"}


def traffic_charts(results: RunResults) -> list[Chart]:
    """Return a chart for each change under which a run measured traffic."""
    by_change: dict[str, list[Measurement]] = {}
    for found in results.measurements:
        if found.name is MeasurementName.UNDER_CHANGE and found.conditions.change and found.conditions.part:
            by_change.setdefault(found.conditions.change, []).append(found)
    failures = {found.change: found for found in results.findings if isinstance(found, UnderChangeFinding)}
    charts = (
        _chart(number, change, parts, failures.get(change))
        for number, (change, parts) in enumerate(by_change.items(), 1)
    )
    return [chart for chart in charts if chart is not None]


def _chart(number: int, change: str, parts: Sequence[Measurement], failures: UnderChangeFinding | None) -> Chart | None:
    slices = [row for part in parts for row in _slices(part)]
    clocks = [WORDS[clock] for clock in CLOCKS if any(row["clock"] == WORDS[clock] for row in slices)]
    if not clocks:
        return None
    marks = list(_marks(slices))
    lost = {part.part: sum(part.messages.values()) for part in failures.parts} if failures else {}
    failed = ", ".join(f"{many(count, 'request')} failed {name} it" for name, count in lost.items() if count)
    return Chart(
        id=f"traffic-chart-{number}",
        title=f"{change}: {failed or 'no request failed'}",
        description="Median and slowest request over time; the grey band is the time in which the change was made.",
        spec=specification(_drawn(slices, marks, clocks), height=240),
        columns=("from, s", "to, s", "part", "latency", "median, us", "slowest, us"),
        rows=tuple(
            (
                fixed(row["from_s"]),
                fixed(row["to_s"]),
                row["part"],
                row["clock"],
                fixed(row["us"]),
                fixed(next(other["us"] for other in slices if other["what"] == SLOWEST and _same(other, row))),
            )
            for row in slices
            if row["what"] == MEDIAN
        ),
    )


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("from_s", "part", "clock"))


def _slices(part: Measurement) -> Iterator[dict[str, Any]]:
    for found in part.time_slices:
        latencies_us = median_and_slowest(found.histogram)
        for what, us in zip((MEDIAN, SLOWEST), latencies_us or (), strict=False):
            yield {
                "from_s": round(found.begin_s, 2),
                "to_s": round(found.begin_s + found.duration_s, 2),
                "part": part.conditions.part,
                "clock": WORDS.get(part.conditions.clock or "", ""),
                "what": what,
                "us": round(us, 1),
            }


def _marks(slices: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    during = [row for row in slices if row["part"] == "during"]
    if during:
        yield {"from_s": min(row["from_s"] for row in during), "to_s": max(row["to_s"] for row in during)}


def _drawn(slices: list[dict[str, Any]], marks: list[dict[str, Any]], clocks: list[str]) -> Layers:
    clock = chooser("clock", "Latency", clocks)
    x, x2 = alt.X("from_s:Q", title="seconds", scale=alt.Scale(nice=False)), alt.X2("to_s:Q")
    y = alt.Y("us:Q", title="microseconds", scale=alt.Scale(type="log"))
    parts = [name for name in PART_COLOURS if any(row["part"] == name for row in slices)]
    here = alt.Chart(data(slices)).transform_filter("datum.clock == clock")
    return alt.layer(
        alt.Chart(data(marks)).mark_rect(opacity=0.12, color="#8b949e").encode(x=x, x2=x2),
        here.mark_rule(strokeWidth=3).encode(
            x=x,
            x2=x2,
            y=y,
            color=alt.Color("part:N", scale=alt.Scale(domain=parts, range=[PART_COLOURS[name] for name in parts])),
            strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=[MEDIAN, SLOWEST], range=[[1, 0], [4, 2]])),
            tooltip=[
                alt.Tooltip("from_s:Q", title="from, s"),
                alt.Tooltip("to_s:Q", title="to, s"),
                alt.Tooltip("part:N"),
                alt.Tooltip("what:N"),
                alt.Tooltip("us:Q", title="us", format=",.0f"),
            ],
        ),
    ).add_params(clock)
