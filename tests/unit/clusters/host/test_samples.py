"""The loop of every wait, with a clock that advances without waiting."""

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


def test_no_time_passes_after_the_caller_has_seen_enough():
    clock = JumpingClock()
    for found in samples_within(lambda: "done", limit_s=60.0, interval_s=0.5, clock=clock):
        assert found.seen == "done"
        break
    assert clock.monotonic() == 0.0
