"""The page of a history."""

import json
import re
from dataclasses import replace

import altair as alt
import pytest

from reports.model import Outcome
from reports.pages.history.page import history_html
from tests.unit.harness.history.test_history import made, run
from tests.unit.reports.sample import shown
from tests.unit.reports.test_ugly import TEXTS, Page

DAYS = [
    run(day, 100.0 if day <= 10 else 150.0, outcome=Outcome.FAILED if day == 5 else Outcome.PASSED)
    for day in range(1, 21)
]


@pytest.fixture(scope="module")
def page():
    return history_html(made(*DAYS))


def test_what_changed_comes_first_with_links_to_both_runs(page):
    text = shown(page)
    assert text.index("<h1>") < text.index('id="changes"') < text.index('id="cases"') < text.index('id="series"')
    assert '<a href="./runs/run-10/report.html">run-10</a>' in text
    assert "failed in 1 of 20 runs: 5% (0 to 25%)" in text


def test_charts_are_vega_lite_and_links_lead_somewhere(page):
    for spec, _ in json.loads(Page(page).data["charts"]).values():
        alt.LayerChart.from_dict(spec)
    ids = re.findall(r'\bid="([^"]+)"', shown(page))
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', shown(page))) <= set(ids)


def test_a_figure_of_one_run_is_counted_and_not_drawn():
    text = shown(history_html(made(run(1), run(2), run(3, kernel="6.19"))))
    assert text.count('id="setting-') == 1
    assert "kernel 6.19" not in text
    assert "figures that only one run has measured in their setting" in text


def test_a_history_without_runs_has_a_page():
    assert "<h1>There are no runs.</h1>" in history_html(made())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_stays_text(text):
    odd = replace(DAYS[0], run=replace(DAYS[0].run, id=text, mode=text, kernel=text))
    page = Page(history_html(made(odd, *DAYS[1:])))
    assert page.tags.count("script") == 4
    assert not any(name.startswith("on") for name in page.attributes)
    assert not any(":" in link for link in page.links)
