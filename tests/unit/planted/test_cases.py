"""The cases' own pytest process: it uses a given cluster, and its results and failures are read back."""

from pathlib import Path

import pytest

from clusters.errors import WorldError
from reports.model import Outcome
from tests.fakes.cluster.owned import fake_cluster
from tests.planted.trial.cases import CaseProcess
from tests.planted.trial.expectation import Expectation

REPOSITORY = Path(__file__).parents[3]
CASES = """
import time
import pytest
from contextlib import contextmanager
from harness.kube.wait import wait_until
def test_passes(cluster): assert cluster.name == "kubeproof-fake"
def test_fails(cluster): assert not cluster.nodes, "nodes"
def test_hangs(cluster): time.sleep(60)
@contextmanager
def block():
    try:
        yield
    finally:
        time.monotonic()
def never(cluster):
    wait_until(f"{cluster.name} gone", lambda: 3, lambda seen: False, deadline_s=0)
def test_waits(cluster):
    with block():
        never(cluster)
        assert False, "never reached"
def test_misses(cluster):
    with block():
        assert not cluster.nodes or (
            {}["node"]
        ), "nodes"
def test_fails_late(cluster):
    with block():
        assert (
            cluster.name == "other"
        ), f"{cluster.name} is not other"
def test_skips(cluster): pytest.skip("no such kernel")
"""


@pytest.fixture
def process(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:locust\n")
    (tmp_path / "test_suite.py").write_text(CASES)
    return CaseProcess(fake_cluster(), tmp_path, tmp_path / "runs")


def test_cases_use_the_given_cluster_and_their_outcomes_are_recorded(process):
    results = process.run(("test_suite.py::test_passes", "test_suite.py::test_fails")).results
    outcomes = {case.id.rpartition("::")[2]: case.outcome for case in results.cases}
    assert outcomes == {"test_passes": Outcome.PASSED, "test_fails": Outcome.FAILED}


def test_a_case_that_does_not_exist_is_an_environment_error(process):
    with pytest.raises(WorldError, match="ended with exit code"):
        process.run(("test_suite.py::test_none",))


def test_a_run_whose_cases_are_all_skipped_has_results(process):
    (case,) = process.run(("test_suite.py::test_skips",)).results.cases
    assert (case.outcome, case.reason) == (Outcome.SKIPPED, "no such kernel")


def test_cases_that_exceed_the_time_limit_are_stopped(process):
    with pytest.raises(WorldError, match="did not end within 2 s"):
        process.run(("test_suite.py::test_hangs",), timeout_s=2)


def test_a_failure_is_matched_with_the_assertion_that_raised_it(process, tmp_path):
    names = ("test_passes", "test_fails", "test_waits", "test_misses", "test_fails_late")
    ran = process.run(tuple(f"test_suite.py::{name}" for name in names))
    expected = {
        "test_fails": Expectation("test_suite.py::test_fails", "assert not cluster.nodes"),
        "test_waits": Expectation("test_suite.py::test_waits", "gone", place="test_suite.py::never"),
        "test_fails_late": Expectation("test_suite.py::test_fails_late", "is not other", message="kubeproof-fake"),
    }
    found = {
        (name, expected_name): expected[expected_name].meets(failure, tmp_path)
        for case, failures in ran.failures.items()
        for name in [case.rpartition("::")[2]]
        for failure in failures
        for expected_name in expected
    }
    assert {pair for pair, meets in found.items() if meets} == {(name, name) for name in expected}
    (missed,) = ran.failures["test_suite.py::test_misses"]
    assert missed.error == "KeyError"
    assert "test_suite.py::test_passes" not in ran.failures


def test_failures_of_an_earlier_run_are_discarded(process):
    assert process.run(("test_suite.py::test_fails",)).failures
    assert not process.run(("test_suite.py::test_passes",)).failures
