"""The figures of a run that are followed over time. All are costs: a higher figure is worse."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from harness.performance.comparison.mode_costs import is_baseline, is_control, steps_of
from harness.performance.comparison.programming_cost import programming_costs
from reports.model import Interval, Measurement, MeasurementName, RunResults
from reports.model.findings import FirstPacketSliFinding, GrowthFinding

QUANTILES = ("p50", "p99")
OF_CHANGES = ("p50", "p90")
"""The quantiles of changes: a run makes 200 of a kind, of which p99 cannot be stated."""


@dataclass(frozen=True, slots=True)
class HistoricFigure:
    """One figure of one run. `ends` is its 95% interval, if it is known."""

    name: str
    unit: str
    value: float
    ends: tuple[float, float] | None = None


def figures(results: RunResults) -> Iterator[HistoricFigure]:
    """Yield the figures of a run that can be drawn, each name once."""
    seen: set[str] = set()
    for found in (*_sweep(results), *_programming(results), *_sli(results), *_changes(results), *_duration(results)):
        if math.isfinite(found.value) and found.name not in seen:
            seen.add(found.name)
            yield found


def _sweep(results: RunResults) -> Iterator[HistoricFigure]:
    """Yield growth and first packets of the run's own mode, and what does not depend on it: the host's own speed."""
    for growth in results.findings:
        if isinstance(growth, GrowthFinding) and growth.mode == results.run.mode:
            yield _with_ends("growth of the first packet per 1,000 Services", "us", growth.per_1000_services_us)
            yield HistoricFigure("first packet without other Services, p50", "us", growth.at_zero_us)
    steps = steps_of(results, MeasurementName.FIRST_PACKET)
    if steps:
        last = max(steps, key=lambda step: step.conditions.services or 0)
        for quantile in QUANTILES:
            name = f"first packet with {last.conditions.services or 0:,} Services, {quantile}"
            yield from _quantile(last, quantile, name)
    costs = steps_of(results, MeasurementName.SERVICE_COST)
    if costs:
        last = max(costs, key=lambda step: step.conditions.services or 0)
        services = f"{last.conditions.services or 0:,} Services"
        yield from _quantile(last, "p50", f"first packet above the control with {services}, p50")
    for name, is_meant in (("path without connection tracking", is_control), ("loopback baseline", is_baseline)):
        medians = [found.quantiles["p50"] for found in results.measurements if is_meant(found)]
        if medians:
            yield HistoricFigure(f"{name}, p50", "us", median(medians))


def _programming(results: RunResults) -> Iterator[HistoricFigure]:
    for cost in programming_costs(results):
        if cost.mode == results.run.mode:
            what = f"to program {cost.services:,} Services"
            yield HistoricFigure(f"time of kube-proxy's syncs {what}", "s", cost.sync_s)
            yield HistoricFigure(f"CPU time of kube-proxy {what}", "s", cost.cpu_s)
            yield HistoricFigure(f"memory of kube-proxy after {cost.services:,} Services", "MB", cost.memory_mb)


def _sli(results: RunResults) -> Iterator[HistoricFigure]:
    """Yield the p99 of first packets on the node on which it is largest, as SIG Scalability's SLI defines it."""
    for found in results.findings:
        if isinstance(found, FirstPacketSliFinding) and found.mode == results.run.mode and found.nodes:
            slowest = max(found.nodes, key=lambda node: node.p99_us.value)
            name = f"first packet latency (SLI) with {found.services:,} Services on the slowest node, p99"
            yield _with_ends(name, "us", slowest.p99_us)


def _changes(results: RunResults) -> Iterator[HistoricFigure]:
    """Yield how long changes take to have their effect on the node on which they take longest."""
    by_name: dict[str, list[HistoricFigure]] = {}
    for found in results.measurements:
        here = found.conditions
        if found.name is MeasurementName.PROGRAMMING and here.experiment is None and here.services is not None:
            for quantile in OF_CHANGES:
                name = f"{here.change} at {here.services:,} Services until its effect on the slowest node, {quantile}"
                by_name.setdefault(name, []).extend(_quantile(found, quantile, name))
    for on_nodes in by_name.values():
        if on_nodes:
            yield max(on_nodes, key=lambda figure: figure.value)


def _duration(results: RunResults) -> Iterator[HistoricFigure]:
    """Yield how long a run of several cases took, if its times can be read."""
    try:
        began, ended = datetime.fromisoformat(results.run.started), datetime.fromisoformat(results.run.finished or "")
        took_s = (ended - began).total_seconds()
    except (ValueError, TypeError):  # not a time, or one with a time zone and one without
        return
    if len(results.cases) > 1:
        yield HistoricFigure(f"duration of a run with {len(results.cases)} cases", "s", took_s)


def _quantile(found: Measurement, quantile: str, name: str) -> Iterator[HistoricFigure]:
    if quantile in found.quantiles and found.concludes:
        yield HistoricFigure(name, found.unit, found.quantiles[quantile], found.ci95.get(quantile))


def _with_ends(name: str, unit: str, found: Interval) -> HistoricFigure:
    return HistoricFigure(name, unit, found.value, (found.low, found.high))
