"""The page of a run in a browser: every control works by mouse and by keyboard, on any screen, on paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.pages.run.page import report_html
from tests.pages.conftest import NARROW_PX, Opened, opened
from tests.pages.sample_run import FAILED, WHOLE_RUN
from tests.unit.reports.test_ugly import TEXTS, with_text


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(report_html(WHOLE_RUN), encoding="utf-8")
    return written


def test_the_page_is_silent_and_requests_nothing(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        assert (seen.console, seen.requests) == ([], [file.as_uri()])


def drawn_points(page: Page) -> int:
    return page.locator("#first-packet-chart .mark-symbol.role-mark path").count()


def test_percentile_and_position_are_chosen_by_keyboard(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        position = seen.page.locator("#first-packet-chart").get_by_role("combobox", name="Position")
        everywhere = drawn_points(seen.page)
        position.focus()
        position.press("ArrowDown")
        expect(position).to_have_value("head")
        expect(seen.page.locator("#first-packet-chart .mark-symbol.role-mark path")).to_have_count(everywhere // 4)
        latency = seen.page.locator("#first-packet-chart").get_by_role("combobox", name="Latency")
        latency.focus()
        latency.press("ArrowDown")
        expect(latency).to_have_value("p90")
        assert seen.console == []


def test_axes_become_logarithmic_by_keyboard(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        button = seen.page.get_by_role("button", name="Logarithmic axes")
        labels = seen.page.locator("#first-packet-chart .role-axis-label text")
        linear = labels.all_text_contents()
        button.focus()
        button.press("Enter")
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(labels).not_to_have_text(linear)
        button.press("Space")
        expect(labels).to_have_text(linear)


def test_a_point_shows_its_values(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        seen.page.locator("#first-packet-chart .mark-symbol.role-mark path").last.hover()
        expect(seen.page.locator("#vg-tooltip-element")).to_contain_text("95% from")


def first_case(page: Page) -> str:
    return page.locator("#case-table tbody tr:not([hidden]) td").first.inner_text()


def test_cases_are_sorted_and_filtered(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.page.locator("#cases summary").press("Enter")
        assert first_case(seen.page) == FAILED.id
        seconds = seen.page.locator("#case-table").get_by_role("button", name="Seconds")
        seconds.click()
        expect(seen.page.locator("#case-table th").last).to_have_attribute("aria-sort", "ascending")
        assert first_case(seen.page).endswith("test_0")
        seconds.press("Enter")
        assert first_case(seen.page).endswith("test_999")
        seen.page.locator("#cases").get_by_label("Filter").fill("probes")
        expect(seen.page.locator("#case-table tbody tr:not([hidden])")).to_have_count(1)


def test_a_link_leads_into_what_is_folded(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.page.goto(f"{file.as_uri()}#case-suites-services-test-3-py-test-3")
        expect(seen.page.locator("#case-suites-services-test-3-py-test-3")).to_be_in_viewport()


def test_a_term_shows_its_meaning_on_focus(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        term = seen.page.locator("a.term").first
        term.focus()
        meaning = term.evaluate("term => getComputedStyle(term, '::after').content")
        assert term.get_attribute("data-meaning") in meaning


def test_the_data_can_be_downloaded(browser: Browser, file: Path, tmp_path: Path):
    with opened(browser) as seen:
        seen.show(file)
        with seen.page.expect_download() as download:
            seen.page.get_by_role("button", name="Download results.json").click()
        download.value.save_as(tmp_path / "results.json")
        assert len(json.loads((tmp_path / "results.json").read_text())["cases"]) == len(WHOLE_RUN.cases)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, NARROW_PX])
def test_axe_finds_nothing_serious(browser: Browser, file: Path, dark: bool, width: int):
    with opened(browser, width=width, dark=dark) as seen:
        seen.show(file)
        seen.draw_all()
        assert seen.serious_violations() == []


def words(seen: Opened) -> list[str]:
    """Return all words of the page, unfolded, except those drawn in charts."""
    seen.page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    seen.page.evaluate("document.querySelectorAll('.drawing').forEach((drawing) => drawing.remove())")
    found: list[str] = seen.page.locator("main").inner_text().split()
    return found


def test_a_narrow_screen_has_the_same_content_and_no_sideways_scrolling(browser: Browser, file: Path):
    with opened(browser) as wide, opened(browser, width=NARROW_PX) as narrow:
        for seen in (wide, narrow):
            seen.show(file)
            seen.draw_all()
        assert narrow.page.evaluate("document.documentElement.scrollWidth") <= NARROW_PX
        assert words(narrow) == words(wide)


def test_paper_has_everything(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        pages = seen.page.pdf()  # dispatches beforeprint, as a user's printing does
        assert pages.startswith(b"%PDF")
        seen.page.emulate_media(media="print")
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(seen.page.locator("details:not([open])")).to_have_count(0)
        for drawing in seen.page.locator(".drawing").all():
            expect(drawing.locator("svg")).to_have_count(1)
        seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert seen.page.locator("details:not([open])").count() > 5


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_stays_text(browser: Browser, tmp_path: Path, text: str):
    hostile = tmp_path / "report.html"
    hostile.write_text(report_html(with_text(text)), encoding="utf-8")
    with opened(browser) as seen:
        seen.show(hostile)
        assert (seen.console, seen.requests) == ([], [hostile.as_uri()])
        assert seen.page.locator("main img, main svg[onload], main script").count() == 0
        assert not any(
            (link.get_attribute("href") or "").lower().startswith("javascript") for link in seen.page.locator("a").all()
        )
