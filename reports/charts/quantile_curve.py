"""The distribution of first packets in each step of a sweep, as quantile curves with a logarithmic tail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import altair as alt

from reports.charts.chart import Chart, Layers, chooser, data, specification
from reports.charts.histogram import tail_quantiles
from reports.charts.theme import POSITION_COLOURS, in_order
from reports.model import Measurement, MeasurementName, RunResults
from reports.writers.readable import fixed

NAMES = (MeasurementName.FIRST_PACKET, MeasurementName.FIRST_PACKET_SAME_NODE)
TICKS = (0.0, 0.30103, 1.0, 2.0, 3.0, 4.0)
LABELS = "datum.value < 0.1 ? 'min' : 'p' + format(100 * (1 - pow(10, -datum.value)), '.4~g')"
IN_TABLE = (1.0, 2.0, 3.0)
"""The nines of the columns in the table."""


def quantile_chart(results: RunResults) -> Chart | None:
    """Return the chart of a run's sweep by the kernel's clock, or None if the run has none."""
    measured = [found for found in results.measurements if _is_shown(found)]
    labels = _labels(measured)
    curves = [
        {"nines": nines, "us": round(us, 1), "step": labels[_step(found)], "position": found.conditions.position}
        for found in measured
        for nines, us in tail_quantiles(found.histogram)
    ]
    if len(labels) < 2 or not curves:
        return None
    positions = [name for name in POSITION_COLOURS if any(row["position"] == name for row in curves)]
    return Chart(
        id="quantile-chart",
        title="Distribution of the first packet at each number of Services",
        description="Latency in microseconds by quantile, from the minimum to the largest. Both axes stretch the tail.",
        spec=specification(_drawn(curves, list(labels.values()), positions)),
        columns=("Services", "position", "p90, us", "p99, us", "p99.9, us"),
        rows=tuple(_rows(curves)),
    )


def _is_shown(found: Measurement) -> bool:
    here = found.conditions
    known = here.services is not None and here.position is not None and bool(found.histogram)
    return found.name in NAMES and (here.clock, here.experiment) == ("kernel", None) and known


def _step(found: Measurement) -> tuple[int, int]:
    here = found.conditions
    assert here.services is not None  # only such measurements are shown
    return (here.services if here.step is None else here.step, here.services)


def _labels(measured: Sequence[Measurement]) -> dict[tuple[int, int], str]:
    """Return the name of each step in their order; repeated numbers of Services are counted."""
    labels: dict[tuple[int, int], str] = {}
    seen: Counter[int] = Counter()
    for step in sorted({_step(found) for found in measured}):
        _, services = step
        seen[services] += 1
        labels[step] = f"{services:,}" if seen[services] == 1 else f"{services:,} ({seen[services]})"
    return labels


def _drawn(curves: list[dict[str, Any]], labels: list[str], positions: list[str]) -> Layers:
    position = chooser("position", "Position", positions, "end" if "end" in positions else positions[0])
    scale = alt.Scale(domain=labels, range=in_order(len(labels)))
    colour = alt.Color("step:N", sort=labels, scale=scale, legend=alt.Legend(title="Services", columns=4))
    return quantile_lines(curves, "step", colour).transform_filter("datum.position == position").add_params(position)


def quantile_lines(curves: list[dict[str, Any]], series: str, colour: alt.Color) -> Layers:
    """Return a line for each series of `curves`, whose rows have a quantile as `nines` and its latency as `us`."""
    ticks = [tick for tick in TICKS if tick <= max(row["nines"] for row in curves)]
    axis = alt.Axis(values=ticks, labelExpr=LABELS)
    lines = (
        alt.Chart(data(curves))
        .mark_line(strokeWidth=1.8, point=alt.OverlayMarkDef(opacity=0, size=80))
        .encode(
            x=alt.X("nines:Q", title="quantile", scale=alt.Scale(nice=False), axis=axis),
            y=alt.Y("us:Q", title="microseconds", scale=alt.Scale(type="log")),
            color=colour,
            tooltip=[
                alt.Tooltip(f"{series}:N"),
                alt.Tooltip("us:Q", title="us", format=",.0f"),
                alt.Tooltip("nines:Q"),
            ],
        )
    )
    return alt.layer(lines)


def _rows(curves: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    by_curve: dict[tuple[str, str], dict[float, float]] = {}
    for row in curves:
        by_curve.setdefault((row["step"], row["position"]), {})[row["nines"]] = row["us"]
    return [
        (step, position, *(fixed(curve.get(nines), 0) for nines in IN_TABLE))
        for (step, position), curve in by_curve.items()
    ]
