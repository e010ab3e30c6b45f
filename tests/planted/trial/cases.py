"""Run cases in a separate pytest process, as a user would, against the existing cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from clusters.cluster import Cluster
from clusters.errors import WorldError
from harness.plugin.run.exit_code import NOTHING_RAN
from reports.model import RunResults
from reports.store import LATEST, read_results
from tests.planted.trial.failure import Failure
from tests.planted.trial.inner import CLUSTER_FILE, FAILURES_FILE

TIMEOUT_S = 300.0
CLEANING_S = 60.0
"""How long an interrupted run may take to undo what its cases changed. It can do so because it has no xdist workers."""

COMPLETED = (0, 1)
"""pytest's exit codes of a run that completed: all cases passed, or some failed."""


@dataclass(frozen=True, slots=True)
class CaseRun:
    """The results of a run of cases, and for each case the failures of its phases, in order."""

    results: RunResults
    failures: dict[str, tuple[Failure, ...]]


class CaseProcess:
    """A runner that starts pytest in `root`, the repository, and keeps the files of a run below `directory`."""

    def __init__(self, cluster: Cluster, root: Path, directory: Path) -> None:
        self._cluster = cluster
        self._root = root
        self._directory = directory

    def run(self, cases: tuple[str, ...], timeout_s: float = TIMEOUT_S) -> CaseRun:
        """Run the cases. Raises `WorldError` if the run did not complete, or not within `timeout_s`."""
        self._directory.mkdir(parents=True, exist_ok=True)
        cluster, failures = self._directory / "cluster.json", self._directory / "failures.jsonl"
        cluster.write_text(self._cluster.to_json())
        failures.write_text("")
        argv = (
            *(sys.executable, "-m", "pytest", "-p", "tests.planted.trial.inner", "-p", "no:cacheprovider"),
            *(f"--proxy-mode={self._cluster.mode}", f"--runs-dir={self._directory}", *cases),
        )
        log = self._directory / "pytest.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                argv,
                cwd=self._root,
                env={**os.environ, CLUSTER_FILE: str(cluster), FAILURES_FILE: str(failures)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                exit_code = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise WorldError(
                    f"pytest for the cases did not end within {timeout_s:.0f} s; its log is {log}"
                ) from None
            finally:
                _end(process)
        if exit_code not in COMPLETED and not self._all_skipped(exit_code):
            raise WorldError(
                f"pytest for the cases ended with exit code {exit_code}, expected 0 or 1; its log is {log}",
                detail=log.read_text(),
            )
        return CaseRun(read_results(self._directory / LATEST), _read_failures(failures))

    def _all_skipped(self, exit_code: int) -> bool:
        """Return whether the exit code means that every case was skipped; then the results state the reasons."""
        results = self._directory / LATEST
        return exit_code == NOTHING_RAN and results.exists() and read_results(results).all_skipped


def _read_failures(file: Path) -> dict[str, tuple[Failure, ...]]:
    found: dict[str, tuple[Failure, ...]] = {}
    for doc in map(json.loads, file.read_text().splitlines()):
        case = doc["case"]
        found[case] = (*found.get(case, ()), Failure.from_json(doc))
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a run that has not ended, so that it cleans up; kill it if that takes too long."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(CLEANING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
