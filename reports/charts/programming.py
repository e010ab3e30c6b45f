"""What programming Services cost kube-proxy, step by step, and how long a change takes to have its effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt

from reports.charts.chart import PLAIN, Chart, chooser, data, specification
from reports.charts.theme import SERIES
from reports.model import Measurement, MeasurementName, RunResults
from reports.model.findings import CostFinding, StepUsage
from reports.writers.readable import MB, drawable, finite, fixed, scaled, short

QUANTILES = ("p50", "p90", "p99")
USAGE = ("time of syncs, s", "CPU time with programs, s", "memory, MB", "rules", "members of sets")


def usage_chart(results: RunResults) -> Chart | None:
    """Return what each step of a sweep cost kube-proxy on one node, or None if the run has no sweep."""
    costs = (finding for finding in results.findings if isinstance(finding, CostFinding) and finding.endpoints == 1)
    found = next(costs, None)
    upwards = list(found.upwards) if found else []
    if found is None or not upwards:
        return None
    rows = list(_usage_rows(upwards))
    shown = [name for name in USAGE if any(row["what"] == name and row["value"] for row in rows)]
    if not shown:
        return None
    order = list(dict.fromkeys(row["step"] for row in rows))
    what = chooser("usage", "Shown", shown)
    bars = (
        alt.Chart(data(rows))
        .transform_filter("datum.what == usage")
        .mark_bar(color=SERIES[0], cornerRadiusEnd=2)
        .encode(
            y=alt.Y("step:N", sort=order, title="Services"),
            x=alt.X("value:Q", title=None, axis=alt.Axis(labelExpr=PLAIN)),
            tooltip=[alt.Tooltip("step:N", title="Services"), alt.Tooltip("value:Q", format=",.4~g")],
        )
    )
    return Chart(
        id="usage-chart",
        title=f"What programming the Services cost kube-proxy on {found.node}",
        description="Time of syncs, CPU time, memory and contents of the kernel, by step of the sweep. Each step was "
        "made once, so these totals have no interval.",
        spec=specification(alt.layer(bars).add_params(what), height=max(120, 34 * len(order))),
        columns=("Services", *shown),
        rows=tuple((step, *(short(_value(rows, step, name)) for name in shown)) for step in order),
    )


def _usage_rows(steps: list[StepUsage]) -> Iterator[dict[str, Any]]:
    before = 0
    for step in steps:
        label = f"{before:,} to {step.services:,}"
        before = step.services
        figures = (
            step.sync_s,
            _total(step.cpu_s, step.programs_cpu_s),
            scaled(step.memory_bytes, 1 / MB),
            step.rules,
            step.set_members,
        )
        for name, value in zip(USAGE, figures, strict=True):
            shown = drawable(value)
            if shown is not None:
                yield {"step": label, "what": name, "value": round(shown, 3)}


def _total(cpu_s: object, programs_cpu_s: object) -> float | None:
    """Return kube-proxy's CPU seconds with those of programs that it ran, if these are known."""
    own_s = finite(cpu_s)
    return None if own_s is None else own_s + (finite(programs_cpu_s) or 0.0)


def _value(rows: list[dict[str, Any]], step: str, name: str) -> float | None:
    return next((row["value"] for row in rows if (row["step"], row["what"]) == (step, name)), None)


def change_chart(results: RunResults) -> Chart | None:
    """Return the time from a change at the API server to its effect, by number of Services; None without measurements.

    Each point is one node.
    """
    points = [point for found in results.measurements for point in _change_points(found)]
    if not points:
        return None
    changes = list(dict.fromkeys(point["change"] for point in points))
    order = [f"{services:,}" for services in sorted({point["number"] for point in points})]
    quantile = chooser("quantile", "Latency", [name for name in QUANTILES if _has(points, name)])
    x = alt.X("services:N", sort=order, title="Services in the cluster", axis=alt.Axis(labelAngle=0))
    y = alt.Y("ms:Q", title="milliseconds", scale=alt.Scale(zero=True))
    colour = alt.Color("change:N", scale=alt.Scale(domain=changes, range=list(SERIES[: len(changes)])))
    beside = alt.XOffset("beside:N", sort=[point["beside"] for point in points])
    tooltip = [alt.Tooltip("change:N"), alt.Tooltip("node:N"), alt.Tooltip("ms:Q", format=",.1f"), alt.Tooltip("n:Q")]
    here = alt.Chart(data(points)).transform_filter("datum.quantile == quantile")
    layers = alt.layer(
        here.mark_rule(strokeWidth=2, opacity=0.6).encode(
            x=x, xOffset=beside, y=alt.Y("low:Q", title="milliseconds"), y2="high:Q", color=colour
        ),
        here.mark_point(filled=True, size=50, opacity=1).encode(
            x=x, xOffset=beside, y=y, color=colour, tooltip=tooltip
        ),
    )
    return Chart(
        id="change-chart",
        title="Time until a change takes effect",
        description="Milliseconds from a change at the API server to its effect on connections from a node.",
        spec=specification(layers.add_params(quantile)),
        columns=("change", "node", "Services", "latency", "ms", "95% interval", "changes"),
        rows=tuple(
            (
                point["change"],
                point["node"],
                point["services"],
                point["quantile"],
                fixed(point["ms"]),
                f"{fixed(point['low'])} to {fixed(point['high'])}",
                str(point["n"]),
            )
            for point in points
        ),
    )


def _change_points(found: Measurement) -> Iterator[dict[str, Any]]:
    here = found.conditions
    if found.name is not MeasurementName.PROGRAMMING or here.experiment is not None or here.services is None:
        return
    for quantile in QUANTILES:
        ms = drawable(found.quantiles.get(quantile))
        if ms is None:
            continue
        low, high = (drawable(end) for end in found.ci95.get(quantile, (None, None)))
        yield {
            "change": here.change or "",
            "node": here.node or "",
            "beside": f"{here.change}, {here.node}",
            "number": here.services,
            "services": f"{here.services:,}",
            "quantile": quantile,
            "ms": round(ms, 2),
            "low": ms if low is None else round(low, 2),
            "high": ms if high is None else round(high, 2),
            "n": found.n,
        }


def _has(points: list[dict[str, Any]], quantile: str) -> bool:
    return any(point["quantile"] == quantile for point in points)
