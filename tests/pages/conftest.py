"""Fixtures: Debian's Chromium without a window, and pages opened in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
NARROW_PX = 390
"""The width of a phone."""


class Opened:
    """A page in the browser, with what it wrote to the console and what it requested."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("dialog", lambda dialog: self.console.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def show(self, file: Path) -> None:
        """Load a file and wait until the charts in view are drawn."""
        self.page.goto(file.as_uri())
        self.page.wait_for_load_state("load")

    def draw_all(self) -> None:
        """Scroll to each chart and wait until it is drawn."""
        for drawing in self.page.locator(".drawing").all():
            drawing.scroll_into_view_if_needed()
            drawing.locator("svg").wait_for()

    def serious_violations(self) -> list[tuple[str, str]]:
        """Return what axe finds serious or critical: the rule, and the first element that breaks it."""
        found = Axe().run(self.page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        return [(one["id"], one["nodes"][0]["html"][:200]) for one in serious]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield the browser; skip the test if there is none."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; on Debian: apt install chromium")
    with (
        sync_playwright() as playwright,
        # Root may not use Chromium's sandbox, and these pages are our own.
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@contextmanager
def opened(browser: Browser, *, width: int = 1280, dark: bool = False) -> Iterator[Opened]:
    """Yield an empty page of a window that is so many pixels wide."""
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", accept_downloads=True
    ) as context:
        yield Opened(context.new_page())
