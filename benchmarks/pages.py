"""How long the pages take to make, how large they are, and how soon a browser shows the page of a run.

    python benchmarks/pages.py

Goals: a run of 1,000 cases and 200 measurements in 3 s, a comparison of 30 runs in 5 s, a history of 365 runs in 5 s
and 500 MB, each in a process of its own; at most 3 MB for a run; usable in 1 s.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

MEASUREMENTS, COMPARED, NIGHTS = 200, 30, 365
PAGES = ("run", "comparison", "history")


def run_page() -> str:
    from reports.pages.run.page import report_html
    from tests.pages.sample_run import WHOLE_RUN

    several = (WHOLE_RUN.measurements * 5)[:MEASUREMENTS]
    return report_html(replace(WHOLE_RUN, measurements=several))


def comparison_page() -> str:
    from harness.performance.comparison.compare import compare
    from reports.pages.comparison.page import SHARES, comparison_html
    from tests.unit.harness.performance.comparison.test_compare import run

    runs = [run(mode, 40 if mode == "iptables" else 0) for mode in ("iptables", "ipvs", "nftables")]
    many = [
        replace(one, run=replace(one.run, id=f"{number}-{one.run.mode}"))
        for number in range(COMPARED // 3)
        for one in runs
    ]
    return comparison_html(compare(many, SHARES))


def history_page() -> str:
    """Return the page of a year of nights, a run of 100 cases and a sweep in each, from their files."""
    from harness.history.history import StoredRun, history
    from harness.plugin.run.results import read_run, run_directories
    from reports.pages.history.page import history_html

    folder = Path(sys.argv[3])
    return history_html(
        history([StoredRun(read_run(found), f"{found.name}/results.json") for found in run_directories(folder)])
    )


def write_nights(folder: Path) -> None:
    from reports.model import results_to_json
    from tests.pages.sample_run import WHOLE_RUN

    for night in range(NIGHTS):
        started = datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=night)
        finished = started + timedelta(minutes=20, seconds=night % 60)
        info = replace(
            WHOLE_RUN.run, id=f"night-{night:03}", started=started.isoformat(), finished=finished.isoformat()
        )
        made = folder / info.id
        made.mkdir()
        results = replace(WHOLE_RUN, run=info, cases=WHOLE_RUN.cases[-100:])
        (made / "results.json").write_text(results_to_json(results), encoding="utf-8")


def measured(name: str) -> None:
    """Make one page in this process and print what it took."""
    begin_s = time.perf_counter()
    page = {"run": run_page, "comparison": comparison_page, "history": history_page}[name]()
    took_s = time.perf_counter() - begin_s
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{name:<12}{took_s:>7.2f} s{memory_mb:>8.0f} MB of memory{len(page.encode()) / 1e6:>8.2f} MB of page")
    Path(sys.argv[2]).write_text(page, encoding="utf-8")


def shown_after_s(file: Path) -> float:
    """Return the seconds until a browser has loaded the page and drawn the first chart."""
    import shutil

    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 2000})
        begin_s = time.perf_counter()
        page.goto(file.as_uri(), wait_until="load")
        page.locator(".drawing").first.scroll_into_view_if_needed()
        page.locator(".drawing svg").first.wait_for()
        took_s = time.perf_counter() - begin_s
        browser.close()
    return took_s


def main() -> None:
    with TemporaryDirectory() as folder, TemporaryDirectory() as nights:
        write_nights(Path(nights))
        for name in PAGES:
            file = Path(folder) / f"{name}.html"
            subprocess.run([sys.executable, __file__, name, str(file), nights], check=True)
            print(f"{'':<12}{shown_after_s(file):>7.2f} s until the first chart")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measured(sys.argv[1])
    else:
        main()
