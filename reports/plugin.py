"""The pytest plugin that writes a run's files, and prints the summary at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.model import RESULTS_FILE, RunResults
from reports.pages.run.page import report_html
from reports.schema import require_contract
from reports.store import point_latest_at, write_results, write_whole
from reports.writers.console import summary
from reports.writers.junit import junit_xml

REPORT = "report.html"
LAST = pytest.StashKey[tuple[RunResults, Path]]()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ResultsWriter(config), "kubeproof-results-writer")


class ResultsWriter:
    """Writes all files of a run whenever its results change, and checks the last results file against its schema."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_kubeproof_results(self, results: RunResults, directory: Path) -> None:
        write_results(results, directory)
        write_whole(directory / REPORT, report_html(results))
        write_whole(directory / "junit.xml", junit_xml(results))
        point_latest_at(directory)
        self._config.stash[LAST] = (results, directory)
        if results.run.finished is not None:
            require_contract((directory / RESULTS_FILE).read_text(encoding="utf-8"))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the summary after everything else, including the cluster's removal."""
    last = config.stash.get(LAST, None)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if last is not None and reporter is not None:
        results, directory = last
        for line in summary(results, directory / REPORT):
            reporter.write_line(line)
