"""A fault's trial: who is to blame for what, and that nothing stays planted."""

from contextlib import contextmanager

import pytest

from clusters.errors import WorldError
from reports.model import CaseResult, Outcome, RunResults
from tests.planted.fault import Fault
from tests.planted.trial import FaultTroubled, try_fault
from tests.unit.reports.sample import RUN

PASSED, FAILED, TROUBLED = Outcome.PASSED, Outcome.FAILED, Outcome.ENVIRONMENT_ERROR


class Ground:
    """A cluster's worth of memory: what was done to it, in order."""

    def __init__(self, outcomes=(), *, seen=True):
        self.outcomes, self.seen, self.log = dict(outcomes), seen, []

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
        return RunResults(run=RUN, cases=tuple(found))

    def wait_healthy(self, site):
        self.log.append("healthy")

    def try_it(self, run=None):
        fault = Fault("it is broken", self.plant, caught_by=("a::notices",), bystanders=("a::stands_by",))
        return try_fault(fault, None, run or self.run, self.wait_healthy)


def test_a_fault_is_caught_by_its_cases_and_by_no_other():
    ground = Ground({"a::notices": FAILED, "a::stands_by": PASSED})
    trial = ground.try_it()
    assert trial.caught
    assert ground.log == ["healthy", "planted", "run", "taken away", "healthy"]
    assert trial.finding.statement == "Caught: it is broken."
    assert trial.finding.numbers["caught"] == 1
    assert trial.finding.confidence == "notices: because"


@pytest.mark.parametrize("outcome", [PASSED, TROUBLED, Outcome.SKIPPED], ids=str)
def test_a_fault_that_nobody_notices_is_not_caught(outcome):
    trial = Ground({"a::notices": outcome, "a::stands_by": PASSED}).try_it()
    assert not trial.caught
    assert trial.finding.numbers["caught"] == 0
    assert f"notices had to fail and {outcome}" in trial.complaint


@pytest.mark.parametrize("outcome", [FAILED, TROUBLED, Outcome.SKIPPED], ids=str)
def test_a_fault_that_harms_a_bystander_is_too_wide(outcome):
    trial = Ground({"a::notices": FAILED, "a::stands_by": outcome}).try_it()
    assert not trial.caught
    assert f"stands_by had to pass and {outcome}" in trial.complaint


def test_a_fault_that_was_not_seen_in_place_is_the_worlds_failure():
    ground = Ground(seen=False)
    with pytest.raises(FaultTroubled, match="it is broken: rule still in the kernel"):
        ground.try_it()
    assert ground.log == ["healthy", "planted", "taken away"]


def test_a_cluster_that_does_not_recover_is_the_worlds_failure():
    ground = Ground({"a::notices": FAILED, "a::stands_by": PASSED})

    def never_again(site):
        ground.log.append("healthy")
        assert "run" not in ground.log, "a node is not Ready"

    ground.wait_healthy = never_again
    with pytest.raises(FaultTroubled, match="a node is not Ready"):
        ground.try_it()


@pytest.mark.parametrize("ending", [WorldError("no end"), KeyboardInterrupt()], ids=repr)
def test_a_fault_is_taken_away_whatever_ends_its_cases(ending):
    ground = Ground()

    def ends(cases):
        raise ending

    with pytest.raises(type(ending)):
        ground.try_it(run=ends)
    assert ground.log == ["healthy", "planted", "taken away"]


def test_cases_that_nothing_is_heard_of_decide_nothing():
    ground = Ground()
    with pytest.raises(FaultTroubled, match="says nothing of a::notices, a::stands_by"):
        ground.try_it(run=lambda cases: RunResults(run=RUN))
