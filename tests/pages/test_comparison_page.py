"""The page of compared runs in a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.performance.comparison.compare import compare
from reports.model import ClaimResult, Verdict
from reports.pages.comparison.page import SHARES, comparison_html
from tests.pages.conftest import NARROW_PX, opened
from tests.unit.harness.performance.comparison.sample import IPTABLES, NFTABLES, on_uml, run

PAIR = "#pair-host-iptables-nftables"
CLAIM = ClaimResult(
    "1.1",
    "ipvs looks Services up in a hash table, so that their number has almost no limit.",
    Verdict.UNTESTED,
    "",
    "",
    (),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = [replace(one, claims=(CLAIM,)) for one in (IPTABLES, NFTABLES, run("ipvs", 1, fixed_us=120.0))]
    written = tmp_path_factory.mktemp("page") / "comparison.html"
    written.write_text(comparison_html(compare([*runs, *map(on_uml, runs)], SHARES)), encoding="utf-8")
    return written


def test_the_page_is_silent_and_requests_nothing(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        assert (seen.console, seen.requests) == ([], [file.as_uri()])


def test_the_share_of_new_connections_moves_the_number_of_services(browser: Browser, file: Path):
    with opened(browser) as seen:
        seen.show(file)
        seen.draw_all()
        words = seen.page.locator(f"{PAIR} .drawing svg")
        expect(words).to_contain_text("nftables mode from 1,770 Services on")
        slider = seen.page.locator(PAIR).get_by_role("slider", name="New connections")
        slider.focus()
        slider.press("End")
        expect(words).to_contain_text("nftables mode from 645 Services on")
        slider.press("Home")
        expect(words).to_contain_text("neither mode, up to 10,000 Services")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, NARROW_PX])
def test_axe_finds_nothing_serious_and_nothing_is_off_the_screen(browser: Browser, file: Path, dark: bool, width: int):
    with opened(browser, width=width, dark=dark) as seen:
        seen.show(file)
        seen.draw_all()
        assert seen.serious_violations() == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_claim_beside_six_verdicts_has_room_for_words(browser: Browser, file: Path):
    """A table that is wider than the screen scrolls within its card; its words are not broken into letters."""
    with opened(browser, width=NARROW_PX) as seen:
        seen.show(file)
        cell = seen.page.locator("#claim-table tbody td").first.bounding_box()
        assert cell is not None
        assert cell["width"] >= 150
        assert cell["height"] < 300
