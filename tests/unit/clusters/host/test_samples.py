"""The loop of waits for a condition, with a clock that advances without waiting."""

from itertools import pairwise

import pytest

from clusters.host.samples import samples_within
from tests.fakes.clock import JumpingClock


def waits(clock, sample=lambda: "seen", **limits):
    return [(found.waited_s, found.last) for found in samples_within(sample, clock=clock, **limits)]


def test_samples_follow_each_other_until_the_time_is_over():
    assert waits(JumpingClock(), limit_s=1.0, interval_s=0.5) == [(0.0, False), (0.5, False), (1.0, True)]


def test_there_is_one_sample_even_without_time():
    assert waits(JumpingClock(), limit_s=0.0, interval_s=0.5) == [(0.0, True)]


def test_a_long_sample_makes_a_longer_pause():
    clock = JumpingClock()
    found = waits(clock, lambda: clock.sleep(2.0), limit_s=20.0, interval_s=0.5, pause_ratio=4)
    assert found == [(2.0, False), (12.0, False), (22.0, True)]


def test_a_long_wait_samples_more_and_more_rarely():
    found = [waited_s for waited_s, _ in waits(JumpingClock(), limit_s=60, interval_s=0.1, longest_interval_s=0.5)]
    pauses = [later - earlier for earlier, later in pairwise(found)]
    assert pauses[:9] == pytest.approx([0.1] * 9)
    assert all(pause <= max(0.1, waited_s * 0.1) + 1e-9 for waited_s, pause in zip(found, pauses, strict=False))
    assert pauses[-2] == pytest.approx(0.5)


def test_an_interval_that_is_longer_anyway_stays():
    found = waits(JumpingClock(), limit_s=20, interval_s=5, longest_interval_s=0.5)
    assert [waited_s for waited_s, _ in found] == [0, 5, 10, 15, 20]


def test_a_pause_is_at_most_the_time_that_is_left():
    assert waits(JumpingClock(), limit_s=1.0, interval_s=0.75) == [(0.0, False), (0.75, False), (1.0, True)]
    clock = JumpingClock()
    found = waits(clock, lambda: clock.sleep(2.0), limit_s=5.0, interval_s=0.5, pause_ratio=4)
    assert found == [(2.0, False), (7.0, True)]


def test_a_pause_that_is_too_short_for_the_clock_does_not_prolong_the_wait():
    clock = JumpingClock()
    clock.sleep(1e6)
    assert [last for _, last in waits(clock, limit_s=0.1 + 1e-12, interval_s=0.1)] == [False, False, True]


def test_no_time_passes_after_the_caller_has_seen_enough():
    clock = JumpingClock()
    for found in samples_within(lambda: "done", limit_s=60.0, interval_s=0.5, clock=clock):
        assert found.seen == "done"
        break
    assert clock.monotonic() == 0.0
