"""The page of compared runs."""

import json
import re
from dataclasses import replace

import altair as alt
import pytest

from harness.performance.comparison.compare import compare
from reports.charts.modes import LINES
from reports.pages.comparison.page import SHARES, comparison_html
from reports.pages.page import with_code
from tests.unit.harness.performance.comparison.sample import IPTABLES, NFTABLES, on_uml, run
from tests.unit.reports.sample import shown
from tests.unit.reports.test_ugly import Page
from tests.unit.reports.writers.test_winner import BEHAVIOUR

RUNS = [IPTABLES, NFTABLES, run("ipvs", 0, fixed_us=120.0)]


@pytest.fixture(scope="module")
def page():
    return comparison_html(compare([*RUNS, *map(on_uml, RUNS)], SHARES))


def test_each_substrate_has_one_chart_of_all_modes_and_no_chart_has_two(page):
    specs = json.loads(Page(page).data["charts"])
    assert [name for name in specs if name.startswith("modes-")] == ["modes-host", "modes-uml"]
    assert sum(name.startswith("pair-host-") for name in specs) == 3
    for spec in (spec for both in specs.values() for spec in both if spec):
        alt.LayerChart.from_dict(spec)


def test_a_reader_can_choose_every_share_of_new_connections(page):
    spec, _ = json.loads(Page(page).data["charts"])["pair-host-iptables-nftables"]
    words = [row for rows in spec["datasets"].values() for row in rows if "words" in row]
    assert [row["share"] for row in words] == list(range(1, 101))
    assert words[9]["words"].startswith(
        "a request takes at least 1% less time in\nnftables mode from 1,770 Services on (95%\n"
    )
    assert max(row["words"].count("\n") for row in words) < LINES


def test_every_link_within_the_page_leads_somewhere(page):
    ids = re.findall(r'\bid="([^"]+)"', shown(page))
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', shown(page))) <= set(ids)


def test_the_page_does_not_depend_on_the_order_of_runs():
    assert comparison_html(compare(RUNS, SHARES)) == comparison_html(compare(RUNS[::-1], SHARES))


def test_differences_in_behaviour_come_first():
    page = shown(comparison_html(BEHAVIOUR))
    assert page.index('id="difference-1"') < page.index("Round &lt;robin&gt;") < page.index('id="claim-table"')


def test_hostile_text_is_escaped():
    odd = "<img src=x onerror=alert(1)>\u202e"
    claims = tuple(replace(claim, text=odd) for claim in BEHAVIOUR.claims)
    page = comparison_html(replace(BEHAVIOUR, claims=claims, differences=()))
    assert "<img" not in page
    assert "\u202e" not in page


def test_commands_are_marked_as_code_and_other_text_stays_text():
    assert with_code("`tox -e compare` & <b>`<i>`") == (
        "<code>tox -e compare</code> &amp; &lt;b&gt;<code>&lt;i&gt;</code>"
    )
