"""The page of a history in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from reports.pages.history.page import history_html
from tests.pages.conftest import NARROW_PX, opened
from tests.unit.harness.history.test_history import made
from tests.unit.reports.pages.test_history_page import DAYS


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "history.html"
    written.write_text(history_html(made(*DAYS)), encoding="utf-8")
    return written


def test_the_page_is_silent_and_requests_nothing(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        assert (seen.console, seen.requests) == ([], [file.as_uri()])


def test_a_change_leads_to_its_chart_and_a_point_names_its_run(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        seen.page.locator("#change-1").get_by_role("link", name="chart").press("Enter")
        chart = seen.page.locator(seen.page.evaluate("location.hash"))
        expect(chart).to_be_in_viewport()
        chart.locator(".mark-symbol.role-mark path").first.hover()
        expect(seen.page.locator("#vg-tooltip-element")).to_contain_text("run-01")


def test_runs_are_filtered(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.page.locator("#runs summary").press("Enter")
        seen.page.locator("#runs").get_by_label("Filter").fill("run-07")
        expect(seen.page.locator("#run-table tbody tr:not([hidden])")).to_have_count(1)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, NARROW_PX])
def test_axe_finds_nothing_serious_and_nothing_is_off_the_screen(browser: Browser, file: Path, dark: bool, width: int):
    with opened(browser, width=width, dark=dark) as seen:
        seen.show(file)
        seen.draw_all()
        assert seen.serious_violations() == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
