import pytest

from clusters.images.build.pace import Pace
from tests.fakes.clock import JumpingClock


def test_what_is_left_is_the_longest_lane_at_this_hosts_pace():
    clock = JumpingClock()
    pace = Pace({"a": ("go", 10.0), "b": ("go", 50.0), "c": ("engine", 20.0)}, clock)
    assert pace.left_s() == 60.0
    pace.start("a")
    clock.sleep(20.0)
    assert pace.finish("a") == "in 20.0 s; 1 of 3 done, about 2 min left"
    assert pace.left_s() == 100.0


def test_a_slow_lane_says_nothing_about_the_others():
    clock = JumpingClock()
    pace = Pace({"a": ("packages", 10.0), "b": ("go", 50.0)}, clock)
    pace.start("a")
    clock.sleep(100.0)
    pace.finish("a")
    assert pace.left_s() == 50.0


def test_a_running_task_counts_for_what_it_has_left_and_never_for_less_than_nothing():
    clock = JumpingClock()
    pace = Pace({"a": ("go", 10.0)}, clock)
    pace.start("a")
    clock.sleep(4.0)
    assert pace.left_s() == pytest.approx(6.0)
    clock.sleep(40.0)
    assert pace.left_s() == 0.0


def test_nothing_is_left_after_the_last_task():
    clock = JumpingClock()
    pace = Pace({"a": ("go", 10.0)}, clock)
    pace.start("a")
    assert pace.finish("a") == "in 0.0 s; 1 of 1 done"
