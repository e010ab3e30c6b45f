"""All modes on one substrate in one chart: first packet against the number of Services, and programming costs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from reports.charts.chart import PLAIN, Chart, Layers, chooser, data, specification
from reports.charts.theme import MODE_COLOURS, SERIES
from reports.model.comparison import ModePair, ProgrammingCost, SubstrateComparison
from reports.writers.readable import drawable, fixed, short, with_ends
from reports.writers.sentences.comparison import advantage_words, span

PADDING_PX = 16
LEFT_PX = -45
"""Where the sentence in a chart begins: above the labels of the y axis."""
PROGRAMMING = ("time of syncs, s", "CPU time with programs, s", "memory, MB")
PERCENT = 100
LINE_CHARACTERS, LINES, LINE_PX = 42, 3, 17
"""The sentence in a chart: so many characters fit into a line on a phone."""


def modes_chart(found: SubstrateComparison) -> Chart | None:
    """Return the lines of all modes with their bands, and the steps that they are fitted through."""
    points: list[dict[str, Any]] = [
        {"mode": mode.mode, "services": step.services, "us": round(step.us, 2)}
        for mode in found.modes
        for step in mode.steps
        if drawable(step.us) is not None
    ]
    lines: list[dict[str, Any]] = [
        {
            "mode": mode.mode,
            "services": point.services,
            "us": round(point.us.value, 2),
            "low": round(point.us.low, 2),
            "high": round(point.us.high, 2),
        }
        for mode in found.modes
        for point in mode.line
    ]
    if not points:
        return None
    linear = (alt.Scale(nice=False, padding=PADDING_PX), alt.Scale(zero=True))
    logarithmic = (alt.Scale(type="symlog", constant=10, padding=PADDING_PX), alt.Scale(type="log"))
    above_zero = [row for row in points if row["us"] > 0], [row for row in lines if row["low"] > 0]
    return Chart(
        id=f"modes-{found.substrate}",
        title=f"First packet in each mode, substrate {found.substrate}",
        description=(
            "Microseconds of the last Service's first packet by number of Services, above the same control. "
            "Points are steps of runs, lines are fitted through them, bands are 95% intervals of the lines. In modes "
            "that traverse rules a point lies at the number of Services of which its own would be the last."
        ),
        spec=specification(_lines(points, lines, linear)),
        log_spec=specification(_lines(*above_zero, logarithmic)),
        columns=("mode", "Services", "us on the line", "95% interval"),
        rows=tuple(
            (mode.mode, fixed(point.services, 0), short(point.us.value), with_ends(point.us))
            for mode in found.modes
            for point in mode.line
        ),
    )


def _colour(modes: Sequence[str]) -> alt.Color:
    known = {**dict(zip(modes, SERIES, strict=False)), **MODE_COLOURS}
    return alt.Color("mode:N", scale=alt.Scale(domain=list(modes), range=[known[mode] for mode in modes]))


def _lines(points: list[dict[str, Any]], lines: list[dict[str, Any]], scales: tuple[alt.Scale, alt.Scale]) -> Layers:
    x_scale, y_scale = scales
    colour = _colour(sorted({row["mode"] for row in points}))
    x = alt.X("services:Q", title="Services in the cluster", scale=x_scale, axis=alt.Axis(format=",d", tickCount=6))
    y = alt.Y("us:Q", title="microseconds", scale=y_scale)
    low = alt.Y("low:Q", title="microseconds", scale=y_scale)
    tooltip = [alt.Tooltip("mode:N"), alt.Tooltip("services:Q", format=","), alt.Tooltip("us:Q", format=",.1f")]
    fitted = alt.Chart(data(lines))
    return alt.layer(
        fitted.mark_area(opacity=0.18).encode(x=x, y=low, y2=alt.Y2("high:Q"), color=colour),
        fitted.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour),
        alt.Chart(data(points))
        .mark_point(filled=True, size=45, opacity=0.9)
        .encode(x=x, y=y, color=colour, tooltip=tooltip),
    )


def pair_chart(substrate: str, pair: ModePair) -> Chart:
    """Return by how much a request takes longer in one mode than in the other, for a share that the reader chooses."""
    rows = [
        {
            "services": point.services,
            "value": point.longer_us.value,
            "low": point.longer_us.low,
            "high": point.longer_us.high,
            "first": point.first_packet_us,
            "request": point.request_us,
        }
        for point in pair.difference
    ]
    words = [
        {"share": round(PERCENT * advantage.new_share), "words": wrapped(advantage_words(pair, advantage))}
        for advantage in pair.requests
    ]
    return Chart(
        id=f"pair-{substrate}-{pair.ours}-{pair.theirs}",
        title=f"{pair.ours} against {pair.theirs} mode, substrate {substrate}",
        description=(
            f"By how many percent a request takes longer in {pair.ours} mode than in {pair.theirs} mode, with its 95% "
            "interval. Between the dashed lines the difference is less than 1%. Choose the share of your requests that "
            "open a new connection."
        ),
        spec=specification(_difference(rows, words), height=260),
        columns=("Services", "first packet longer, us"),
        rows=tuple((fixed(point.services, 0), with_ends(point.longer_us)) for point in pair.difference),
    )


def wrapped(sentence: str) -> str:
    """Return a sentence in lines that fit on a phone."""
    return "\n".join(textwrap.wrap(sentence, LINE_CHARACTERS))


def _difference(rows: list[dict[str, Any]], words: list[dict[str, Any]]) -> Layers:
    share = alt.param(
        name="share",
        value=10,
        bind=alt.binding_range(min=1, max=PERCENT, step=1, name="New connections, % of requests "),
    )

    def relative(name: str) -> str:
        return f"{PERCENT} * share * datum.{name} / ({PERCENT} * datum.request + share * datum.first)"

    x = alt.X("services:Q", title="Services in the cluster", axis=alt.Axis(format=",d", tickCount=6))
    y = alt.Y("percent:Q", title="% longer")
    here = alt.Chart(data(rows)).transform_calculate(
        percent=relative("value"), from_percent=relative("low"), to_percent=relative("high")
    )
    limits = alt.Chart(data([{"limit": -1}, {"limit": 1}]))
    said = alt.Chart(data(words)).transform_filter("datum.share == share")
    return alt.layer(
        here.mark_area(opacity=0.2, color=SERIES[0]).encode(
            x=x, y=alt.Y("from_percent:Q", title="% longer"), y2=alt.Y2("to_percent:Q")
        ),
        here.mark_line(strokeWidth=2, color=SERIES[0]).encode(
            x=x,
            y=y,
            tooltip=[alt.Tooltip("services:Q", format=",.0f"), alt.Tooltip("percent:Q", format=".2f")],
        ),
        limits.mark_rule(strokeDash=[5, 4], color="#8b949e").encode(y=alt.Y("limit:Q", title="% longer")),
        said.mark_text(align="left", baseline="top", fontSize=13, lineBreak="\n", lineHeight=LINE_PX).encode(
            x=alt.value(LEFT_PX), y=alt.value(-LINES * LINE_PX), text="words:N"
        ),
    ).add_params(share)


def programming_chart(found: SubstrateComparison) -> Chart | None:
    """Return what programming all Services cost kube-proxy in each mode: the mean of the runs, and their range."""
    rows = list(_programming_rows(found.programming))
    if not rows:
        return None
    services = found.programming[0].services
    what = chooser("usage", "Shown", list(PROGRAMMING))
    colour = _colour(sorted({row["mode"] for row in rows}))
    here = alt.Chart(data(rows)).transform_filter("datum.what == usage")
    x = alt.X("mean:Q", title=None, axis=alt.Axis(labelExpr=PLAIN))
    y = alt.Y("mode:N", title=None)
    bars = alt.layer(
        here.mark_bar(cornerRadiusEnd=2).encode(
            x=x, y=y, color=colour, tooltip=[alt.Tooltip("mode:N"), alt.Tooltip("mean:Q", format=",.4~g")]
        ),
        here.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=None), x2=alt.X2("high:Q"), y=y),
    )
    return Chart(
        id=f"programming-{found.substrate}",
        title=f"Programming {services:,} Services, substrate {found.substrate}",
        description="What one node's kube-proxy used from 0 Services on: mean of the runs, with the range of several.",
        spec=specification(bars.add_params(what), height=140),
        columns=("mode", *PROGRAMMING),
        rows=tuple(
            (mode, *(span([row[name] for row in _values(found.programming, mode)]) for name in PROGRAMMING))
            for mode in sorted({cost.mode for cost in found.programming})
        ),
    )


def _values(costs: Sequence[ProgrammingCost], mode: str) -> list[dict[str, float]]:
    return [
        dict(zip(PROGRAMMING, (cost.sync_s, cost.cpu_s, cost.memory_mb), strict=True))
        for cost in costs
        if cost.mode == mode
    ]


def _programming_rows(costs: Sequence[ProgrammingCost]) -> Iterator[dict[str, Any]]:
    """Yield a row for each mode and figure, if all runs programmed the same number of Services."""
    if len({cost.services for cost in costs}) != 1:
        return
    for mode in sorted({cost.mode for cost in costs}):
        values = _values(costs, mode)
        for name in PROGRAMMING:
            shown = [value for row in values if (value := drawable(row[name])) is not None]
            if shown:
                mean = sum(shown) / len(shown)
                yield {"mode": mode, "what": name, "mean": round(mean, 3), "low": min(shown), "high": max(shown)}
