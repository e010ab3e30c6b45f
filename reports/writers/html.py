"""`report.html`: one file for a cluster owner, which loads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.model import MeasurementName, Outcome, RunResults, Verdict
from reports.writers.chart import chart_svg, series_of
from reports.writers.glossary import TermLinks, anchor, read_glossary
from reports.writers.readable import interval, number, readable, seconds
from reports.writers.sentences import sentence
from reports.writers.tables import step_table, tables
from reports.writers.words import (
    advice,
    by_verdict,
    failed_self_checks,
    headline,
    left_out,
    outcome_counts,
    planted,
    planted_score,
)

QUANTILES = ("p50", "p90", "p99")

CHARTS = (
    (MeasurementName.FIRST_PACKET, "p50", "p50 by the kernel's clock"),
    (MeasurementName.FIRST_PACKET_CORRECTED, "p50", "p50 by the kernel's clock, baseline-corrected"),
    (MeasurementName.FIRST_PACKET, "p99", "p99 by the kernel's clock"),
)
"""For each chart the name of its measurements, the quantile and the title."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart and the names of its series, for the legend."""

    title: str
    svg: Markup
    series: tuple[tuple[str, str], ...]


def report_html(results: RunResults) -> str:
    """Return the whole page."""
    results = readable(results)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            results=results,
            run=results.run,
            headline=headline(results),
            advice=advice(results),
            counts=outcome_counts(results),
            planted=planted(results),
            score=planted_score(results),
            left_out=left_out(results),
            verdicts=[(verdict, len(by_verdict(results, verdict))) for verdict in Verdict],
            charts=_charts(results),
            tables=tables(results.measurements),
            step_table=step_table,
            sentence=sentence,
            failed_self_checks=failed_self_checks(results),
            failures=[case for case in results.cases if case.outcome in (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)],
            skipped=[case for case in results.cases if case.outcome is Outcome.SKIPPED],
            quantiles=QUANTILES,
            terms=TermLinks().link,
            glossary=read_glossary(),
        )
    )


def _charts(results: RunResults) -> list[Chart]:
    found = []
    for name, quantile, title in CHARTS:
        series = series_of(results.measurements, name, "kernel", quantile)
        svg = chart_svg(series, quantile)
        if svg:
            legend = tuple((line.name, line.css) for line in series)
            # Safe: chart_svg escapes every text it did not make itself.
            found.append(Chart(title, Markup(svg), legend))
    return found


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.writers", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["interval"] = interval
    environment.filters["seconds"] = seconds
    environment.filters["anchor"] = anchor
    environment.filters["slug"] = lambda text: str(text).replace(" ", "-")
    return environment
