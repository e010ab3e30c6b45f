"""A fault's trial: what counts as caught, who is to blame for what, and that nothing stays planted."""

from contextlib import contextmanager

import pytest

from clusters.errors import WorldError
from reports.model import CaseResult, Outcome, RunResults
from tests.planted.cases import CaseRun
from tests.planted.detection import Detection
from tests.planted.expectation import Expectation, NoSuchAssertion
from tests.planted.failure import Failure, FailureKind, Frame
from tests.planted.fault import Fault
from tests.planted.trial import FaultTroubled, try_fault
from tests.unit.reports.sample import RUN

PASSED, FAILED, TROUBLED = Outcome.PASSED, Outcome.FAILED, Outcome.ENVIRONMENT_ERROR
SOURCE = """\
def notices(web):
    web.wait_ready()
    assert web.answers, "no answer"
    assert web.is_fast, "too slow"
"""
NOTICES, STANDS_BY, NOTICES_TOO = "a.py::notices", "a.py::stands_by", "b.py::notices"
EXPECTED = Expectation(NOTICES, "no answer")
MEANT = Failure(FailureKind.ASSERTION, "AssertionError", "no answer\nassert False", (Frame("a.py", 3),))
HELPER = Failure(
    FailureKind.WAIT, "DeadlinePassed", "3 pods Ready: not in time", (Frame("a.py", 2), Frame("wait.py", 9))
)


class Ground:
    """A cluster's worth of memory: what was done to it, in order."""

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
            self.log.append("taken away")

    def run(self, cases):
        self.log.append("run")
        found = (CaseResult(name, "services", self.outcomes[name], "because", 1.0) for name in cases)
        return CaseRun(RunResults(run=RUN, cases=tuple(found)), {NOTICES: tuple(self.failures)})

    def wait_healthy(self, site):
        self.log.append("healthy")

    def try_it(self, run=None):
        fault = Fault("it is broken", self.plant, expect=self.expect, bystanders=(STANDS_BY,))
        return try_fault(fault, None, run or self.run, self.wait_healthy, self.root)


def test_a_fault_is_caught_by_the_assertion_that_is_meant(tmp_path):
    ground = Ground(tmp_path, {NOTICES: FAILED, STANDS_BY: PASSED})
    trial = ground.try_it()
    assert trial.caught
    assert ground.log == ["healthy", "planted", "run", "taken away", "healthy"]
    assert trial.finding.statement == "Caught: it is broken."
    assert trial.finding.numbers == {
        "caught": 1,
        "by_accident": 0,
        "too_wide": 0,
        "cases": {NOTICES: "caught", STANDS_BY: "passed"},
    }
    assert trial.finding.confidence == "notices: caught: because"


def test_what_fails_elsewhere_is_noticed_by_accident(tmp_path):
    trial = Ground(tmp_path, {NOTICES: FAILED, STANDS_BY: PASSED}, failures=[HELPER]).try_it()
    assert not trial.caught
    assert trial.detection is Detection.BY_ACCIDENT
    assert trial.finding.statement == "Noticed by accident: it is broken."
    assert trial.finding.numbers["caught"] == 0
    assert trial.finding.numbers["by_accident"] == 1
    assert "DeadlinePassed at a.py:2 > wait.py:9: 3 pods Ready: not in time" in trial.complaint
    assert "expected to fail was `no answer` of a.py::notices" in trial.complaint


def test_another_assertion_of_the_case_is_an_accident(tmp_path):
    other = Failure(FailureKind.ASSERTION, "AssertionError", "too slow", (Frame("a.py", 4),))
    assert Ground(tmp_path, {NOTICES: FAILED, STANDS_BY: PASSED}, failures=[other]).try_it().detection is (
        Detection.BY_ACCIDENT
    )


def test_of_several_assertions_of_a_case_one_is_enough(tmp_path):
    expect = (Expectation(NOTICES, "too slow"), EXPECTED)
    assert Ground(tmp_path, {NOTICES: FAILED, STANDS_BY: PASSED}, expect=expect).try_it().caught


def test_every_case_that_has_to_notice_has_to_catch(tmp_path):
    expect = (EXPECTED, Expectation(NOTICES_TOO, "no answer"))
    trial = Ground(tmp_path, {NOTICES: FAILED, NOTICES_TOO: PASSED, STANDS_BY: PASSED}, expect=expect).try_it()
    assert trial.detection is Detection.MISSED
    assert trial.finding.numbers["cases"] == {NOTICES: "caught", NOTICES_TOO: "not noticed", STANDS_BY: "passed"}


@pytest.mark.parametrize("outcome", [PASSED, TROUBLED, Outcome.SKIPPED], ids=str)
def test_a_fault_that_nobody_notices_is_not_caught(outcome, tmp_path):
    trial = Ground(tmp_path, {NOTICES: outcome, STANDS_BY: PASSED}).try_it()
    assert not trial.caught
    assert trial.detection is Detection.MISSED
    assert trial.finding.statement == "Not noticed: it is broken."
    assert trial.finding.numbers["caught"] == trial.finding.numbers["by_accident"] == 0
    assert f"notices: not noticed: {outcome}" in trial.complaint


@pytest.mark.parametrize("outcome", [FAILED, TROUBLED, Outcome.SKIPPED], ids=str)
def test_a_fault_that_harms_a_bystander_is_too_wide(outcome, tmp_path):
    trial = Ground(tmp_path, {NOTICES: FAILED, STANDS_BY: outcome}).try_it()
    assert not trial.caught
    assert trial.finding.statement == "Too wide: it is broken."
    assert trial.finding.numbers["too_wide"] == 1
    assert trial.finding.numbers["caught"] == 0
    assert f"stands_by had to pass and {outcome}" in trial.complaint


def test_an_assertion_that_is_gone_is_missed_before_anything_is_planted(tmp_path):
    ground = Ground(tmp_path, expect=(Expectation(NOTICES, "no reply"),))
    with pytest.raises(NoSuchAssertion, match="'no reply' 0 times"):
        ground.try_it()
    assert ground.log == []


def test_a_fault_that_was_not_seen_in_place_is_the_worlds_failure(tmp_path):
    ground = Ground(tmp_path, seen=False)
    with pytest.raises(FaultTroubled, match="it is broken: rule still in the kernel"):
        ground.try_it()
    assert ground.log == ["healthy", "planted", "taken away"]


def test_a_cluster_that_does_not_recover_is_the_worlds_failure(tmp_path):
    ground = Ground(tmp_path, {NOTICES: FAILED, STANDS_BY: PASSED})

    def never_again(site):
        ground.log.append("healthy")
        assert "run" not in ground.log, "a node is not Ready"

    ground.wait_healthy = never_again
    with pytest.raises(FaultTroubled, match="a node is not Ready"):
        ground.try_it()


@pytest.mark.parametrize("ending", [WorldError("no end"), KeyboardInterrupt()], ids=repr)
def test_a_fault_is_taken_away_whatever_ends_its_cases(ending, tmp_path):
    ground = Ground(tmp_path)

    def ends(cases):
        raise ending

    with pytest.raises(type(ending)):
        ground.try_it(run=ends)
    assert ground.log == ["healthy", "planted", "taken away"]


def test_cases_that_nothing_is_heard_of_decide_nothing(tmp_path):
    ground = Ground(tmp_path)
    with pytest.raises(FaultTroubled, match=r"says nothing of a\.py::notices, a\.py::stands_by"):
        ground.try_it(run=lambda cases: CaseRun(RunResults(run=RUN), {}))
