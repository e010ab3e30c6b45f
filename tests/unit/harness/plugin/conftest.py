"""Runs pytest within a test: a suite of a few lines, with a fake cluster owner that only logs its calls."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CONFTEST = """
import pytest
from tests.fakes.cluster.owned import PullingNodes, ResultsFile, TracingOwner

def pytest_configure(config):
    config.pluginmanager.register(ResultsFile())
    config.pluginmanager.register(PullingNodes())

@pytest.hookimpl(optionalhook=True)
def pytest_kubeproof_cluster_owner(request):
    return TracingOwner()
"""
CLAIMS = """
[[claim]]
id = "1.1"
text = "so"
cases = ["test_suite.py"]
"""
REPOSITORY = Path(__file__).parents[4]


class Run:
    """A run of pytest in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "suites").mkdir()
        (directory / "suites" / "claims.toml").write_text(CLAIMS)
        (directory / "conftest.py").write_text(CONFTEST)
        (directory / "pytest.ini").write_text("[pytest]\naddopts = -p no:locust -p no:cacheprovider\n")

    def start(self, cases: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Start pytest on `cases`, the source text of a test module."""
        (self.directory / "test_suite.py").write_text(cases)
        argv = [sys.executable, "-m", "pytest", "--proxy-mode=nftables", *options]
        inherited = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(REPOSITORY),
            "XDG_STATE_HOME": str(self.directory / "state"),
        }
        # A shell's background processes ignore SIGINT, and pass that on.
        kept = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._popen(argv, {**inherited, **environment})
        finally:
            signal.signal(signal.SIGINT, kept)

    def _popen(self, argv: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            argv,
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, cases: str, *options: str, **environment: str) -> int:
        """Run pytest on `cases`. Return its exit code, and keep its output in `output`."""
        process = self.start(cases, *options, **environment)
        self.output, _ = process.communicate(timeout=60)
        return process.returncode

    @property
    def owner(self) -> list[str]:
        """The calls of the cluster owner, in order."""
        file = self.directory / "owner.log"
        return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def results(self) -> dict[str, Any]:
        """The run's results.json."""
        results: dict[str, Any] = json.loads((self.directory / "results.json").read_text())
        return results

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each case, by its name."""
        return {case["id"].rpartition("::")[2]: case["outcome"] for case in self.results["cases"]}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)
