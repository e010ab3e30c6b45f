"""The distribution of first packets from each node, measured as SIG Scalability's SLI defines it."""

from __future__ import annotations

import altair as alt

from reports.charts.chart import Chart, specification
from reports.charts.histogram import tail_quantiles
from reports.charts.quantile_curve import quantile_lines
from reports.charts.theme import SERIES
from reports.model import Measurement, MeasurementName, RunResults
from reports.writers.readable import fixed, short

QUANTILES = ("p50", "p99")


def sli_chart(results: RunResults) -> Chart | None:
    """Return a quantile curve for each node, or None if the run did not measure the SLI."""
    nodes = [found for found in results.measurements if found.name is MeasurementName.FIRST_PACKET_SLI]
    curves = [
        {"nines": nines, "us": round(us, 1), "node": found.conditions.node or ""}
        for found in nodes
        for nines, us in tail_quantiles(found.histogram)
    ]
    if not curves:
        return None
    names = list(dict.fromkeys(str(row["node"]) for row in curves))
    scale = alt.Scale(domain=names, range=list(SERIES[: len(names)]))
    colour = alt.Color("node:N", scale=scale, legend=alt.Legend(columns=1, labelLimit=0))
    return Chart(
        id="sli-chart",
        title="First packet latency from each node (SLI of SIG Scalability)",
        description="Latency in microseconds by quantile. A connection whose SYN was sent again counts with all its "
        "time. Both axes stretch the tail.",
        spec=specification(quantile_lines(curves, "node", colour)),
        columns=("node", "p50, us", "p99, us", "95% interval of p99", "connections", "failed"),
        rows=tuple(map(_row, nodes)),
    )


def _row(found: Measurement) -> tuple[str, ...]:
    p50, p99 = (fixed(found.quantiles.get(quantile), 0) for quantile in QUANTILES)
    low, high = found.ci95.get("p99", (None, None))
    return (
        found.conditions.node or "",
        p50,
        p99,
        f"{short(low)} to {short(high)}",
        f"{found.n:,}",
        f"{found.errors:,}",
    )
