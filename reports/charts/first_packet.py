"""First packet latency against the number of Services, with the fitted line of the sweep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any, TypeGuard

import altair as alt

from reports.charts.chart import Chart, Layers, chooser, data, specification
from reports.charts.theme import POSITION_COLOURS
from reports.model import Finding, Measurement, MeasurementName, RunResults
from reports.model.findings import GrowthFinding
from reports.writers.readable import drawable, fixed, short

QUANTILES = ("p50", "p90", "p99")
ABOVE_CONTROL, CORRECTED = "p50 above the control", "p50, baseline-corrected"
FITTED = {
    MeasurementName.SERVICE_COST: ABOVE_CONTROL,
    MeasurementName.FIRST_PACKET_CORRECTED: CORRECTED,
}
"""Measurements to which the line of a sweep is fitted, and how they are called; the latter in older results."""

EVERY_POSITION = "all"
LINE_POSITION = "end"
"""The position whose growth a sweep reports."""

HEADROOM = 1.08
"""How far above the highest point without a remark the y axis ends. One disturbed step does not flatten the rest."""

PADDING_PX = 16
APART_PX = 5
"""Pixels between positions at one number of Services, so that their intervals do not overlap."""

NAMES = (
    MeasurementName.FIRST_PACKET,
    MeasurementName.FIRST_PACKET_SAME_NODE,
    *FITTED,
)


def first_packet_chart(results: RunResults) -> Chart | None:
    """Return the chart of a run's sweep in its own mode, or None if the run has none."""
    points = list(_points(results.measurements))
    if len({point["services"] for point in points}) < 2:
        return None
    drawn = {point["latency"] for point in points}
    line = [point for found in results.findings for point in _line(found, results.run.mode, drawn)]
    latencies = [name for name in (*FITTED.values(), *QUANTILES) if name in drawn]
    shown = line[0]["latency"] if line else latencies[-3] if len(latencies) > 3 else latencies[0]
    top = _top(points, line)
    linear = (alt.Scale(zero=True, nice=False, padding=PADDING_PX), alt.Scale(domainMin=0, domainMax=top, clamp=True))
    logarithmic = (alt.Scale(type="symlog", constant=10, padding=PADDING_PX), alt.Scale(type="log", clamp=True))
    spec = specification(_drawn(points, line, latencies, shown, linear))
    above_zero = [point for point in points if point["low"] > 0], [point for point in line if point["low"] > 0]
    log_spec = specification(_drawn(*above_zero, latencies, shown, logarithmic))
    fitted = f" The line is the fit through {_fitted(results, drawn)}, the band its 95% interval." if line else ""
    if line and any(found.conditions.rules_walked for found in results.measurements):
        fitted += " It is that of a Service whose rule is the last one: a point lies below it if rules follow its own."
    return Chart(
        id="first-packet-chart",
        title="First packet of a new connection against the number of Services",
        description=f"Latency in microseconds by the number of Services in the cluster.{fitted}",
        spec=spec,
        log_spec=log_spec,
        columns=("Services", "position", "latency", "us", "95% interval", "remark"),
        rows=tuple(map(_row, points)),
    )


def _points(measurements: Sequence[Measurement]) -> Iterator[dict[str, Any]]:
    for found in measurements:
        here = found.conditions
        wanted = found.name in NAMES and (here.clock, here.experiment) == ("kernel", None)
        if not wanted or here.services is None or here.position is None:
            continue
        for quantile in QUANTILES:
            us = drawable(found.quantiles.get(quantile))
            if us is None:
                continue
            low, high = (drawable(end) for end in found.ci95.get(quantile, (None, None)))
            yield {
                "services": here.services,
                "position": here.position,
                "latency": FITTED.get(found.name, quantile),
                "us": round(us, 2),
                "low": us if low is None else round(low, 2),
                "high": us if high is None else round(high, 2),
                "remark": found.invalid_reason or "; ".join(found.flags),
            }


def _fitted(results: RunResults, drawn: Set[str]) -> str:
    """Return what the line was fitted to; if that is not `drawn`, the line is shown with the medians as measured."""
    hidden = [
        found.baseline_corrected and CORRECTED not in drawn
        for found in results.findings
        if _is_growth(found, results.run.mode)
    ]
    return f"the last Service's points{' after correction for the loopback baseline' if any(hidden) else ''}"


def _is_growth(found: Finding, mode: str) -> TypeGuard[GrowthFinding]:
    """Return whether it is the growth of the run's own mode; a case may have run a node in another mode, too."""
    return isinstance(found, GrowthFinding) and found.mode == mode


def _line(growth: Finding, mode: str, drawn: Set[str]) -> Iterator[dict[str, Any]]:
    """Yield the points of the line, shown with what it was fitted to if that is `drawn`, else with the medians."""
    if not _is_growth(growth, mode):
        return
    fitted = ABOVE_CONTROL if growth.above_control else CORRECTED if growth.baseline_corrected else "p50"
    latency = fitted if fitted in drawn else "p50"
    shift_us = growth.control_us if latency != fitted else 0.0
    for point in growth.line:
        if None in map(drawable, (point.services, point.us.value, point.us.low, point.us.high)):
            return
        yield {
            "services": point.services,
            "position": LINE_POSITION,
            "latency": latency,
            "us": round(point.us.value + shift_us, 2),
            "low": round(point.us.low + shift_us, 2),
            "high": round(point.us.high + shift_us, 2),
        }


def _top(points: Sequence[dict[str, Any]], line: Sequence[dict[str, Any]]) -> alt.ExprRef:
    """Return the end of the y axis for each latency, as an expression of what is chosen."""
    tops = {}
    for latency in dict.fromkeys(point["latency"] for point in points):
        here = [point for point in (*points, *line) if point["latency"] == latency]
        trusted = [point for point in here if not point.get("remark")] or here
        tops[latency] = round(max(point["high"] for point in trusted) * HEADROOM, 2)
    return alt.ExprRef(f"{tops}[latency]")


def _drawn(
    points: list[dict[str, Any]],
    line: list[dict[str, Any]],
    latencies: list[str],
    shown: str,
    scales: tuple[alt.Scale, alt.Scale],
) -> Layers:
    positions = [name for name in POSITION_COLOURS if any(point["position"] == name for point in points)]
    x_scale, y_scale = scales
    latency = chooser("latency", "Latency", latencies, shown)
    position = chooser("position", "Position", [EVERY_POSITION, *positions])
    chosen = f"datum.latency == latency && (position == '{EVERY_POSITION}' || datum.position == position)"
    x = alt.X("services:Q", title="Services in the cluster", scale=x_scale, axis=alt.Axis(format=",d", tickCount=6))
    y = alt.Y("us:Q", title="microseconds", scale=y_scale)
    low, high = alt.Y("low:Q", title="microseconds", scale=y_scale), alt.Y2("high:Q")
    colour = alt.Color(
        "position:N", scale=alt.Scale(domain=positions, range=[POSITION_COLOURS[name] for name in positions])
    )
    tooltip = [
        alt.Tooltip("services:Q", title="Services", format=","),
        alt.Tooltip("position:N"),
        alt.Tooltip("us:Q", title="us", format=",.1f"),
        alt.Tooltip("low:Q", title="95% from", format=",.1f"),
        alt.Tooltip("high:Q", title="to", format=",.1f"),
    ]
    fit = alt.Chart(data(line)).transform_filter(chosen)
    measured = alt.Chart(data(points)).transform_filter(chosen)
    band = fit.mark_area(opacity=0.18).encode(x=x, y=low, y2=high, color=colour)
    layers = [band, fit.mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colour)] if line else []
    for number, name in enumerate(positions):
        beside = (number - (len(positions) - 1) / 2) * APART_PX
        here = measured.transform_filter(alt.datum.position == name)
        trusted, flagged = here.transform_filter("!datum.remark"), here.transform_filter("datum.remark")
        layers += [
            here.mark_rule(strokeWidth=2, opacity=0.6, xOffset=beside).encode(x=x, y=low, y2=high, color=colour),
            trusted.mark_point(filled=True, size=50, opacity=1, xOffset=beside).encode(
                x=x, y=y, color=colour, tooltip=tooltip
            ),
            flagged.mark_point(filled=False, size=50, strokeWidth=2, xOffset=beside).encode(
                x=x, y=y, color=colour, tooltip=[*tooltip, alt.Tooltip("remark:N")]
            ),
        ]
    return alt.layer(*layers).add_params(latency, position)


def _row(point: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{point['services']:,}",
        point["position"],
        point["latency"],
        fixed(point["us"]),
        f"{short(point['low'])} to {short(point['high'])}",
        point["remark"],
    )
