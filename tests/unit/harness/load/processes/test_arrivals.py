from collections import Counter

import pytest
from kubeproof_load.arrivals import Schedule, Target

TARGETS = [Target("a", "10.96.0.1", 80), Target("b", "10.96.0.2", 80)]


class Now:
    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self):
        return self.seconds


def schedule(now, seed=1):
    return Schedule(TARGETS, rate_per_s=10, duration_s=2, block_s=1.0, seed=seed, start_s=100.0, clock=now)


def all_of(schedule):
    arrivals = []
    while (arrival := schedule.take()[0]) is not None:
        arrivals.append(arrival)
    return arrivals


def test_each_arrival_is_at_a_random_moment_of_its_own_interval():
    arrivals = all_of(schedule(Now(100.0)))
    phases = [arrival.intended_s * 10 - 1000 - number for number, arrival in enumerate(arrivals)]
    assert all(0 <= phase < 1 for phase in phases)
    assert max(phases) - min(phases) > 0.5
    assert [arrival.intended_s for arrival in arrivals] == [one.intended_s for one in all_of(schedule(Now(100.0)))]
    assert Counter(arrival.block for arrival in arrivals) == {0: 10, 1: 10} == schedule(Now(100.0)).planned()


def test_blocks_do_not_depend_on_how_the_clock_is_rounded():
    """A clock of floating point gets coarser at each power of two of its seconds: after 18.2 hours, 2**16."""
    for number in range(10):
        found = Schedule(TARGETS, 170, 6, block_s=1.0, seed=1, start_s=2.0**16 - 3 + number * 0.137, clock=Now(0.0))
        assert Counter(arrival.block for arrival in all_of(found)) == found.planned()


def test_targets_take_turns_in_rounds_whose_order_depends_on_the_seed():
    def labels(seed):
        return [arrival.target.label for arrival in all_of(schedule(Now(100.0), seed))]

    assert labels(1) == labels(1) != labels(2)
    assert all(set(labels(1)[number : number + 2]) == {"a", "b"} for number in range(0, 20, 2))


def test_an_arrival_that_can_no_longer_start_in_time_is_missed():
    found = schedule(Now(101.55))
    arrival, missed = found.take()
    assert 100.55 <= arrival.intended_s < 100.7
    assert missed[0] in (5, 6)
    assert found.take()[1] == {}


def test_a_start_more_than_5_ms_after_the_intended_start_is_late():
    found = schedule(Now(100.0))
    first, _ = found.take()
    found.started(first, first.intended_s + 0.004)
    assert found.late == 0
    found.started(first, first.intended_s + 0.006)
    assert found.late == 1
    assert found.lateness.get_max_value() == pytest.approx(6000, rel=0.01)
