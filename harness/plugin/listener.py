"""Shows what a run is doing while its cases run, in the controller process."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clusters.host.clock import Clock
from harness.plugin.run.status import BAD, RunStatus
from harness.plugin.view import LiveView, View
from reports.model import RESULTS_FILE, CaseResult, Outcome, results_from_json


@dataclass(slots=True)
class StatusListener:
    """Follows the cases of a run, and shows them by `view`."""

    status: RunStatus
    view: View
    clock: Clock
    _started_s: float | None = None
    _shows: bool = False

    def now_s(self) -> float:
        """Return the seconds since the first case could start."""
        return 0.0 if self._started_s is None else self.clock.monotonic() - self._started_s

    def case_ended(self, case: CaseResult) -> None:
        self.status.finish(case.id, case.outcome)
        if case.outcome in BAD:
            self.view.failed(case)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self._start(len(ids))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.items:  # with xdist only the workers collect
            self._start(len(session.items))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.status.start(nodeid, self.now_s())

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Write no letter for a case while the view shows its end."""
        if not (self._shows and isinstance(self.view, LiveView)):
            return None
        if report.when == "call" or report.skipped:
            return report.outcome, "", ""
        return ("error", "", "") if report.failed else ("", "", "")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        self._stop()
        return (yield)

    def pytest_unconfigure(self) -> None:
        self._stop()

    def _start(self, cases: int) -> None:
        self.status.total = cases
        if self._started_s is None:
            self._started_s = self.clock.monotonic()
            self._shows = True
            self.view.start()

    def _stop(self) -> None:
        self._shows = False
        self.view.stop()


def usual_durations_s(runs: Path, mode: str) -> dict[str, float]:
    """Return the durations in seconds, by case, of the newest run of this mode in `runs`; {} if there is none."""
    for file in sorted(runs.glob(f"*-{mode}/{RESULTS_FILE}"), reverse=True):
        try:
            results = results_from_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        durations_s = {case.id: case.duration_s for case in results.cases if case.outcome is Outcome.PASSED}
        if durations_s:
            return durations_s
    return {}
