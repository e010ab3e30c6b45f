import pytest

from clusters.host.patience import Patience
from harness.errors import BecameImpossible, DeadlinePassed
from harness.kube.wait import wait_until
from tests.fakes.clock import JumpingClock


def test_a_wait_returns_the_sample_that_met_the_condition():
    samples = iter([1, 2, 3])
    assert wait_until("three", lambda: next(samples), lambda n: n == 3, deadline_s=9, clock=JumpingClock()) == 3


def test_a_passed_deadline_reports_the_last_sample():
    with pytest.raises(DeadlinePassed, match=r"a million: not in time after 2\.0 s; last seen: 7"):
        wait_until("a million", lambda: 7, lambda n: n > 10**6, deadline_s=2, interval_s=0.5, clock=JumpingClock())


def test_patience_multiplies_the_deadline():
    clock = JumpingClock()
    with pytest.raises(DeadlinePassed, match=r"never: not in time after 6\.0 s"):
        wait_until("never", lambda: 0, bool, deadline_s=2, interval_s=0.5, clock=clock, patience=Patience(3))
    assert clock.now_s == 6


def test_the_pause_is_as_long_as_the_last_sample_took():
    clock, started_s = JumpingClock(), []

    def sample():
        started_s.append(clock.now_s)
        clock.sleep(3)
        return len(started_s) == 2

    assert wait_until("sampled twice", sample, bool, deadline_s=60, clock=clock)
    assert started_s == [0, 6]


def test_a_wait_ends_early_if_the_condition_becomes_impossible():
    clock = JumpingClock()
    with pytest.raises(BecameImpossible, match=r"became impossible.*the pod is gone"):
        wait_until("ready", lambda: 0, bool, why_impossible=lambda n: "the pod is gone", deadline_s=60, clock=clock)
    assert clock.now_s == 0
