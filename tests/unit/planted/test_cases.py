"""The cases' own pytest: a process beside us, a cluster that it neither makes nor removes."""

from pathlib import Path

import pytest

from clusters.errors import WorldError
from reports.model import Outcome
from tests.fakes.owned import fake_cluster
from tests.planted.cases import CaseProcess

REPOSITORY = Path(__file__).parents[3]
CASES = """
import time
def test_passes(cluster): assert cluster.name == "kubeproof-fake"
def test_fails(cluster): assert not cluster.nodes, "nodes"
def test_hangs(cluster): time.sleep(60)
"""


@pytest.fixture
def process(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:locust\n")
    (tmp_path / "test_suite.py").write_text(CASES)
    return CaseProcess(fake_cluster(), tmp_path, tmp_path / "runs")


def test_cases_see_the_cluster_and_their_outcomes_are_told(process):
    results = process.run(("test_suite.py::test_passes", "test_suite.py::test_fails"))
    outcomes = {case.id.rpartition("::")[2]: case.outcome for case in results.cases}
    assert outcomes == {"test_passes": Outcome.PASSED, "test_fails": Outcome.FAILED}


def test_a_case_that_does_not_exist_is_the_worlds_failure(process):
    with pytest.raises(WorldError, match="pytest ended with"):
        process.run(("test_suite.py::test_none",))


def test_cases_that_do_not_end_are_ended(process):
    with pytest.raises(WorldError, match="did not end within 2 s"):
        process.run(("test_suite.py::test_hangs",), timeout_s=2)
