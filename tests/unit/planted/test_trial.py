"""The trial of a fault: what counts as caught, which errors concern the environment, and that the fault is removed."""

from contextlib import contextmanager

import pytest

from clusters.errors import WorldError
from reports.model import CaseResult, Outcome, RunResults
from reports.model.findings import PlantedFaultFinding
from tests.planted.fault import Fault
from tests.planted.trial.cases import CaseRun
from tests.planted.trial.detection import Detection
from tests.planted.trial.expectation import Expectation, NoSuchAssertion
from tests.planted.trial.failure import Failure, FailureKind, Frame
from tests.planted.trial.trial import FaultEnvironmentError, try_fault
from tests.unit.reports.sample import RUN

PASSED, FAILED, ENVIRONMENT_ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ENVIRONMENT_ERROR
SOURCE = """\
def notices(web):
    web.wait_ready()
    assert web.answers, "no answer"
    assert web.is_fast, "too slow"
"""
NOTICES, BYSTANDER, NOTICES_TOO = "a.py::notices", "a.py::stands_by", "b.py::notices"
EXPECTED = Expectation(NOTICES, "no answer")
MEANT = Failure(FailureKind.ASSERTION, "AssertionError", "no answer\nassert False", (Frame("a.py", 3),))
HELPER = Failure(
    FailureKind.WAIT, "DeadlinePassed", "3 pods Ready: not in time", (Frame("a.py", 2), Frame("wait.py", 9))
)


class RecordedTrial:
    """A trial without a cluster; `log` lists its steps in order."""

    def __init__(self, root, outcomes=(), *, seen=True, expect=(EXPECTED,), failures=(MEANT,)):
        for name in ("a.py", "b.py"):
            (root / name).write_text(SOURCE)
        self.root, self.outcomes, self.seen, self.log = root, dict(outcomes), seen, []
        self.expect, self.failures = expect, failures

    @contextmanager
    def plant(self, site):
        self.log.append("planted")
        try:
            assert self.seen, "rule still in the kernel"
            yield
        finally:
            self.log.append("removed")

    def run(self, cases):
        self.log.append("run")
        found = (CaseResult(name, "services", self.outcomes[name], "because", 1.0) for name in cases)
        return CaseRun(RunResults(run=RUN, cases=tuple(found)), {NOTICES: tuple(self.failures)})

    def wait_healthy(self, site):
        self.log.append("healthy")

    def run_trial(self, run=None):
        fault = Fault("it is broken", self.plant, expect=self.expect, bystanders=(BYSTANDER,))
        return try_fault(fault, None, run or self.run, self.wait_healthy, self.root)


def test_a_fault_is_caught_by_the_expected_assertion(tmp_path):
    recorded = RecordedTrial(tmp_path, {NOTICES: FAILED, BYSTANDER: PASSED})
    trial = recorded.run_trial()
    assert trial.caught
    assert recorded.log == ["healthy", "planted", "run", "removed", "healthy"]
    assert trial.finding == PlantedFaultFinding(
        fault="it is broken",
        detection=Detection.CAUGHT,
        cases={NOTICES: "caught", BYSTANDER: "passed"},
        details="notices: caught: because",
    )


def test_a_failure_elsewhere_is_noticed_by_accident(tmp_path):
    trial = RecordedTrial(tmp_path, {NOTICES: FAILED, BYSTANDER: PASSED}, failures=[HELPER]).run_trial()
    assert not trial.caught
    assert trial.detection is Detection.BY_ACCIDENT
    assert trial.finding.detection is Detection.BY_ACCIDENT
    assert "DeadlinePassed at a.py:2 > wait.py:9: 3 pods Ready: not in time" in trial.failure_message
    assert "expected to fail: `no answer` of a.py::notices" in trial.failure_message


def test_a_failure_of_another_assertion_of_the_case_is_noticed_by_accident(tmp_path):
    other = Failure(FailureKind.ASSERTION, "AssertionError", "too slow", (Frame("a.py", 4),))
    assert RecordedTrial(tmp_path, {NOTICES: FAILED, BYSTANDER: PASSED}, failures=[other]).run_trial().detection is (
        Detection.BY_ACCIDENT
    )


def test_one_of_several_expected_assertions_is_enough(tmp_path):
    expect = (Expectation(NOTICES, "too slow"), EXPECTED)
    assert RecordedTrial(tmp_path, {NOTICES: FAILED, BYSTANDER: PASSED}, expect=expect).run_trial().caught


def test_every_named_case_must_catch_the_fault(tmp_path):
    expect = (EXPECTED, Expectation(NOTICES_TOO, "no answer"))
    trial = RecordedTrial(
        tmp_path, {NOTICES: FAILED, NOTICES_TOO: PASSED, BYSTANDER: PASSED}, expect=expect
    ).run_trial()
    assert trial.detection is Detection.MISSED
    assert trial.finding.cases == {NOTICES: "caught", NOTICES_TOO: "not noticed", BYSTANDER: "passed"}


@pytest.mark.parametrize("outcome", [PASSED, ENVIRONMENT_ERROR, Outcome.SKIPPED], ids=str)
def test_a_fault_that_no_case_notices_is_missed(outcome, tmp_path):
    trial = RecordedTrial(tmp_path, {NOTICES: outcome, BYSTANDER: PASSED}).run_trial()
    assert not trial.caught
    assert trial.detection is Detection.MISSED
    assert trial.finding.detection is Detection.MISSED
    assert f"notices: not noticed: {outcome}" in trial.failure_message


@pytest.mark.parametrize("outcome", [FAILED, ENVIRONMENT_ERROR, Outcome.SKIPPED], ids=str)
def test_a_fault_that_makes_a_bystander_fail_is_too_wide(outcome, tmp_path):
    trial = RecordedTrial(tmp_path, {NOTICES: FAILED, BYSTANDER: outcome}).run_trial()
    assert not trial.caught
    assert trial.finding.detection is Detection.TOO_WIDE
    assert f"stands_by: expected to pass, {outcome}" in trial.failure_message


def test_a_missing_assertion_is_reported_before_anything_is_planted(tmp_path):
    recorded = RecordedTrial(tmp_path, expect=(Expectation(NOTICES, "no reply"),))
    with pytest.raises(NoSuchAssertion, match="'no reply' 0 times"):
        recorded.run_trial()
    assert recorded.log == []


def test_a_fault_that_is_not_observed_in_place_is_an_environment_error(tmp_path):
    recorded = RecordedTrial(tmp_path, seen=False)
    with pytest.raises(FaultEnvironmentError, match="it is broken: rule still in the kernel"):
        recorded.run_trial()
    assert recorded.log == ["healthy", "planted", "removed"]


def test_a_cluster_that_does_not_recover_is_an_environment_error(tmp_path):
    recorded = RecordedTrial(tmp_path, {NOTICES: FAILED, BYSTANDER: PASSED})

    def unhealthy_afterwards(site):
        recorded.log.append("healthy")
        assert "run" not in recorded.log, "a node is not Ready"

    recorded.wait_healthy = unhealthy_afterwards
    with pytest.raises(FaultEnvironmentError, match="a node is not Ready"):
        recorded.run_trial()


@pytest.mark.parametrize("error", [WorldError("the run did not end"), KeyboardInterrupt()], ids=repr)
def test_a_fault_is_removed_after_any_error_of_its_cases(error, tmp_path):
    recorded = RecordedTrial(tmp_path)

    def fail(cases):
        raise error

    with pytest.raises(type(error)):
        recorded.run_trial(run=fail)
    assert recorded.log == ["healthy", "planted", "removed"]


def test_cases_without_a_result_are_an_environment_error(tmp_path):
    recorded = RecordedTrial(tmp_path)
    with pytest.raises(FaultEnvironmentError, match=r"no result for a\.py::notices, a\.py::stands_by"):
        recorded.run_trial(run=lambda cases: CaseRun(RunResults(run=RUN), {}))
