"""`report.html`: the page of one run, for the owner of a cluster."""

from __future__ import annotations

import json

from reports.charts.chart import Chart
from reports.charts.first_packet import first_packet_chart
from reports.charts.first_packet_sli import sli_chart
from reports.charts.programming import change_chart, usage_chart
from reports.charts.quantile_curve import quantile_chart
from reports.charts.traffic import traffic_charts
from reports.model import RunResults, Verdict, results_to_json
from reports.model.findings import FirstPacketSliFinding, PlantedFaultFinding
from reports.model.quantiles import QUANTILES, samples_needed
from reports.pages.page import page_html
from reports.pages.run.advice import advice, future
from reports.pages.run.cases import by_duration, failures, limits, repeat_command
from reports.pages.run.questions import questions
from reports.pages.run.trust import trust
from reports.writers.headline import headline
from reports.writers.readable import readable
from reports.writers.sentences import sentence
from reports.writers.tables import step_table, tables
from reports.writers.words import by_verdict, left_out, outcome_counts, planted, planted_score

IN_OWN_SECTION = (PlantedFaultFinding, FirstPacketSliFinding)


def report_html(results: RunResults) -> str:
    """Return the whole page."""
    stored = results_to_json(results)
    results = readable(results)
    charts = run_charts(results)
    return page_html(
        "run.html.j2",
        charts=bool(charts),
        stored=stored,
        results=results,
        run=results.run,
        headline=headline(results),
        trust=trust(results),
        failures=failures(results),
        repeat_command=repeat_command,
        advice=advice(results),
        future=future(results.run.mode),
        counts=outcome_counts(results),
        verdicts=[(verdict, len(by_verdict(results, verdict))) for verdict in Verdict],
        chart=charts,
        specs=json.dumps({chart.id: [chart.spec, chart.log_spec] for chart in charts.values()}),
        planted=planted(results),
        sli=[found for found in results.findings if isinstance(found, FirstPacketSliFinding)],
        findings=[found for found in results.findings if not isinstance(found, IN_OWN_SECTION)],
        score=planted_score(results),
        questions=questions(results),
        left_out=left_out(results),
        cases=by_duration(results),
        limits=limits(results),
        tables=tables(results.measurements),
        step_table=step_table,
        sentence=sentence,
        quantiles=tuple(QUANTILES),
        needed={label: samples_needed(q) for label, q in QUANTILES.items()},
    )


def run_charts(results: RunResults) -> dict[str, Chart]:
    """Return the charts that the run has measurements for, by id."""
    found = (
        first_packet_chart(results),
        quantile_chart(results),
        sli_chart(results),
        usage_chart(results),
        change_chart(results),
    )
    return {chart.id: chart for chart in (*found, *traffic_charts(results)) if chart is not None}
