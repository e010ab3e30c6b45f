import pytest

from harness.plugin.run.status import RunStatus
from reports.model import Outcome


def test_the_line_has_the_longest_running_case_first():
    status = RunStatus(total=3)
    status.start("suites/a/test_a.py::test_later", 20.0)
    status.start("suites/a/test_a.py::test_earlier", 10.0)
    assert status.line(30.0) == "0 of 3 cases done; running: earlier 20 s, later 10 s"


def test_failures_and_environment_errors_are_counted_skipped_cases_are_not():
    status = RunStatus(total=3)
    for case, outcome in (("a", Outcome.FAILED), ("b", Outcome.ENVIRONMENT_ERROR), ("c", Outcome.SKIPPED)):
        status.start(case, 0.0)
        status.finish(case, outcome)
    assert status.line(60.0) == "3 of 3 cases done; 2 failed"


def test_the_time_left_follows_from_the_durations_of_an_earlier_run():
    status = RunStatus({"long": 90.0, "short": 10.0}, total=2)
    status.start("long", 0.0)
    status.finish("long", Outcome.PASSED)
    assert status.left_s(180.0) == pytest.approx(20.0)
    assert status.line(180.0) == "1 of 2 cases done; about 1 min left"


def test_without_an_earlier_run_every_case_counts_the_same():
    status = RunStatus(total=4)
    status.finish("a", Outcome.PASSED)
    assert status.left_s(100.0) == 300.0


def test_nothing_is_estimated_before_a_tenth_is_done():
    status = RunStatus(total=100)
    status.finish("a", Outcome.PASSED)
    assert status.left_s(5.0) is None
