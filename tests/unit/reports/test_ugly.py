"""Every file of a run is written and well formed, whatever text and numbers the records contain."""

import json
import math
import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from html.parser import HTMLParser
from xml.etree import ElementTree

import altair as alt
import pytest

from reports.charts.first_packet import first_packet_chart
from reports.model import (
    CaseResult,
    ClaimResult,
    Conditions,
    MeasurementName,
    Outcome,
    RunResults,
    TimeSlice,
    Verdict,
)
from reports.pages.run.page import report_html
from reports.schema import require_contract
from reports.store import read_results, write_results, write_whole
from reports.text import UNSEEN
from reports.writers.console import summary
from reports.writers.junit import junit_xml
from tests.unit.reports.sample import RESULTS, RUN, measured
from tests.unit.reports.sample_findings import FINDINGS

TEXTS = {
    "control": "".join(map(chr, range(32))) + "\x7f\x80\x9b",
    "terminal": "\x1b]0;title\x07\x1b[2J",
    "bidi": "invoice\u202efdp.exe\u2066\u200f",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "quotes": "\"><svg onload='x'>&amp;&",
    "cdata": "]]><![CDATA[ <!-- --> ?>",
    "template": "{{ 7 * 7 }}{% raw %}{# x",
    "surrogate": "\ud800 and \udcff",
    "noncharacter": "\ufffe\uffff\ufdd0\x00",
    "long": "n" * 100_000,
    "link": "javascript:alert(1)",
    "empty": "",
}
NUMBERS = {
    "nan": math.nan,
    "infinite": math.inf,
    "minus-infinite": -math.inf,
    "zero": 0.0,
    "negative": -5.0,
    "largest": 1.7e308,
    "smallest": 5e-324,
    "no-float": 10**400,
    "whole": 7,
}


def with_text(text):
    """Return results with that text in every place where a text may be."""
    run = replace(RUN, id=text, mode=text, source=text, substrate=text, kubernetes=text, kernel=text, argv=(text, "x"))
    in_table = replace(
        measured(0),
        unit=text,
        conditions=Conditions(mode=text, clock=text, position=text, change=text, node=text),
        histogram=text,
        time_slices=(TimeSlice(0.0, 1.0, text),),
        flags=(text, text),
        invalid_reason=text,
    )
    in_chart = measured(100, position=text)
    return RunResults(
        run=run,
        environment={text: text, "nested": {text: [text]}},
        cases=tuple(
            CaseResult(f"suites/{text}/test_a.py::test_{outcome}[{text}]", text, outcome, text, 1.5, (text,), text)
            for outcome in Outcome
        ),
        claims=tuple(ClaimResult(text, text, verdict, text, text, (text,)) for verdict in Verdict),
        measurements=(in_table, in_chart),
        findings=tuple(changed(finding, str, text) for finding, _ in FINDINGS.values()),
    )


def changed(record, kind, value):
    """Return a record with `value` in place of everything in it that is of type `kind`."""
    if isinstance(record, Enum):
        return record
    if type(record) is kind:
        return value
    if isinstance(record, tuple):
        return tuple(changed(part, kind, value) for part in record)
    if isinstance(record, dict):
        return {changed(key, kind, value): changed(part, kind, value) for key, part in record.items()}
    if is_dataclass(record):
        names = [entry.name for entry in fields(record) if entry.name not in ("kind", "check")]
        return replace(record, **{name: changed(getattr(record, name), kind, value) for name in names})
    return record


def with_number(number):
    """Return results with that number in every place where a number may be."""
    quantiles = dict.fromkeys(("p50", "p90", "p99"), number)
    ends = dict.fromkeys(quantiles, (number, number))
    ugly = replace(measured(10), quantiles=quantiles, ci95=ends)
    return replace(
        RESULTS,
        environment={"number": number},
        cases=tuple(replace(case, duration_s=number) for case in RESULTS.cases),
        measurements=(
            *RESULTS.measurements,
            ugly,
            replace(ugly, name=MeasurementName.FIRST_PACKET_CORRECTED),
            replace(measured(0), name=MeasurementName.PROGRAMMING, conditions=Conditions(rate_per_s=number)),
        ),
        findings=tuple(changed(finding, float, number) for finding, _ in FINDINGS.values()),
    )


COMPLETE = measured(100)
LACKING = {
    "no p99": replace(COMPLETE, quantiles={"p50": 1.0, "p90": 2.0}),
    "no p50": replace(COMPLETE, quantiles={"p99": 1.0}),
    "no quantiles": replace(COMPLETE, quantiles={}, ci95={}),
    "no interval": replace(COMPLETE, ci95={}),
    "an interval of p50 only": replace(COMPLETE, ci95={"p50": (1.0, 2.0)}),
    "half an interval": replace(COMPLETE, ci95=dict.fromkeys(COMPLETE.quantiles, (1.0, math.nan))),
    "an interval upside down": replace(COMPLETE, ci95=dict.fromkeys(COMPLETE.quantiles, (200.0, 1.0))),
    "no position": replace(COMPLETE, conditions=Conditions(services=100, clock="kernel")),
    "no services": replace(COMPLETE, conditions=Conditions(position="end", clock="kernel")),
    "no conditions": replace(COMPLETE, conditions=Conditions()),
    "no unit": replace(COMPLETE, unit=""),
}


class Page(HTMLParser):
    """The elements, attributes and links of an HTML page, as a browser parses it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.links, self.data, self.id = [], set(), [], {}, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value for name, value in attributes if name == "href"]
        self.id = dict(attributes).get("id") if tag == "script" else None

    def handle_data(self, text):
        if self.id:
            self.data[self.id] = self.data.get(self.id, "") + text

    def handle_endtag(self, tag):
        self.id = None


def require_written(results, directory):
    """Write every file as a run does, parse each, and require that it is well formed.

    Return the HTML page and the JUnit test suite.
    """
    write_results(results, directory)
    write_whole(directory / "report.html", report_html(results))
    write_whole(directory / "junit.xml", junit_xml(results))
    files = [(directory / name).read_bytes().decode("utf-8") for name in ("report.html", "junit.xml")]
    lines = list(summary(results, directory / "report.html"))
    for text in (*files, *lines):
        assert not UNSEEN.search(text.replace("\n", "").replace("\t", ""))
    assert not any("\n" in line for line in lines)

    page = Page(files[0])
    assert page.tags.count("script") == 4  # ours: the data, the charts, the runtime of charts, and the page's
    assert not any(name.startswith("on") for name in page.attributes)
    assert not any(":" in link for link in page.links if not link.startswith("https://kep.k8s.io/"))
    assert files[0].rstrip().endswith("</html>")

    suite = ElementTree.fromstring((directory / "junit.xml").read_bytes())
    assert len(suite) == int(suite.get("tests")) == len(results.cases)
    for element in (suite, *suite):
        assert 0 <= float(element.get("time")) < math.inf

    def refuse_constant(name):
        raise AssertionError(f"{name} is not JSON")

    charts = json.loads(page.data["charts"], parse_constant=refuse_constant)
    for spec in (spec for both in charts.values() for spec in both if spec):
        assert not re.search(r"\b(nan|inf)\b", json.dumps(spec))
        alt.LayerChart.from_dict(spec)
    text = (directory / "results.json").read_text()
    assert json.loads(page.data["results"]) == json.loads(text)
    json.loads(text, parse_constant=refuse_constant)
    require_contract(text)
    assert len(read_results(directory).cases) == len(results.cases)
    return page, suite


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_reports_are_written_with_any_text_in_the_records(text, tmp_path):
    results = with_text(text)
    _, suite = require_written(results, tmp_path)
    assert len({found.get("name") for found in suite}) == len(Outcome)


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_reports_are_written_with_any_number_in_the_records(number, tmp_path):
    require_written(with_number(number), tmp_path)


@pytest.mark.parametrize("lacking", LACKING.values(), ids=LACKING)
def test_reports_are_written_whatever_fields_a_measurement_lacks(lacking, tmp_path):
    for measurements in ((lacking,), (COMPLETE, lacking), (lacking, lacking)):
        require_written(replace(RESULTS, measurements=measurements), tmp_path)


def test_invisible_characters_are_escaped_in_every_report(tmp_path):
    ugly = CaseResult("a.py::test_\x1b[31m\u202e\ud800", "a", Outcome.FAILED, "a\x00b\nc", 1.0)
    results = RESULTS.with_case(ugly)
    _, suite = require_written(results, tmp_path)
    names = [found.get("name") for found in suite]
    assert r"test_\x1b[31m\u202e\ud800" in names
    assert [found.get("message") for found in suite.iter("failure")] == ["a\\x00b\nc"]
    assert r"a.py::test_\x1b[31m\u202e\ud800" in report_html(results)
    assert any(r"test_\x1b[31m\u202e\ud800: a\x00b" in line for line in summary(results, tmp_path))


@pytest.mark.parametrize(
    ("quantile", "shown"),
    [(math.nan, "n/a"), (math.inf, "n/a"), (-2.5, "-2.5"), (0.0, "0.0"), (1e300, "1e+300"), (12345.6, "12,346")],
)
def test_the_table_shows_quantiles_that_are_not_ordinary_numbers(quantile, shown):
    odd = replace(measured(0), quantiles={"p50": quantile}, ci95={"p50": (quantile, 3.0)})
    page = report_html(replace(RESULTS, measurements=(odd,)))
    assert f'<td>{shown}<br><span class="quiet">{shown} to 3.0</span></td>' in page
    page = report_html(replace(RESULTS, measurements=(replace(odd, ci95={}),)))
    assert f'<td>{shown}<br><span class="quiet">no interval</span></td>' in page


def drawn(*measurements):
    """Return the rows of the chart of first packets, without the interval of each."""
    chart = first_packet_chart(replace(RESULTS, measurements=measurements))
    return [(row[:4]) for row in chart.rows] if chart else []


ZERO = measured(0)


def test_a_value_of_zero_is_drawn():
    zero = replace(COMPLETE, quantiles={"p50": 0.0}, ci95={"p50": (0.0, 0.0)})
    assert ("100", "end", "p50", "0.0") in drawn(ZERO, zero)


@pytest.mark.parametrize("odd", [math.nan, math.inf, 10**400, 1e300])
def test_a_point_that_cannot_be_drawn_is_left_out_of_the_chart(odd):
    assert drawn(ZERO, COMPLETE, replace(measured(1000), quantiles={"p50": odd})) == drawn(ZERO, COMPLETE)


def test_a_chart_needs_two_numbers_of_services():
    assert drawn(COMPLETE, LACKING["no services"]) == []
    assert drawn(COMPLETE, measured(1000, position="end")) != []


def test_a_point_without_an_interval_is_drawn():
    assert drawn(ZERO, LACKING["no interval"]) == drawn(ZERO, COMPLETE)


def test_the_link_to_evidence_is_relative_to_the_report():
    failed = CaseResult("a.py::test_a", "a", Outcome.FAILED, "x", 1.0, (), "bundles/test_a[#1?]")
    page = Page(report_html(RESULTS.with_case(failed)))
    assert "./bundles/test_a%5B%231%3F%5D/" in page.links


def test_a_total_duration_beyond_the_largest_float_is_reported_as_zero():
    cases = tuple(CaseResult(f"a.py::{name}", "a", Outcome.PASSED, "", 1.7e308) for name in "ab")
    assert ElementTree.fromstring(junit_xml(replace(RESULTS, cases=cases))).get("time") == "0.000"
