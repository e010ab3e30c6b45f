import threading

import pytest

from clusters.errors import BuildFailed
from clusters.images.build.tasks import Lane, Task, TaskRun
from tests.fakes.clock import JumpingClock
from tests.fakes.progress import SilentProgress

WAIT_S = 10.0


class Recorder:
    """Makes tasks that record their names, in order; a task waits until `gate` opens if it has one."""

    def __init__(self):
        self.ran = []

    def task(self, name, lane=Lane.ENGINE, cost_s=1.0, needs=(), error=None, gate=None):
        def run():
            if gate is not None:
                assert gate.wait(WAIT_S)
            self.ran.append(name)
            if error is not None:
                raise error

        return Task(name, lane, cost_s, run, frozenset(needs))


def run(*tasks, cancel=lambda: None, keep_going=False):
    progress = SilentProgress()
    TaskRun(tasks, progress, cancel, keep_going, JumpingClock()).run()
    return progress


def test_a_task_runs_after_those_it_needs():
    record = Recorder()
    run(record.task("image", needs=["program", "packages"]), record.task("program"), record.task("packages"))
    assert record.ran[-1] == "image"
    assert set(record.ran) == {"image", "program", "packages"}


def test_a_task_that_is_there_already_needs_not_be_among_the_tasks():
    record = Recorder()
    run(record.task("image", needs=["built earlier"]))
    assert record.ran == ["image"]


def test_tasks_of_one_lane_run_one_after_another_in_their_order():
    record = Recorder()
    run(*(record.task(name, Lane.COMPILER) for name in ("first", "second", "third")))
    assert record.ran == ["first", "second", "third"]


def test_a_task_does_not_start_while_another_of_its_lane_runs():
    """Not even when a task of another lane ends, after which tasks are chosen again."""
    started, seen_by_first = threading.Event(), []
    first = Task("first", Lane.COMPILER, 1.0, lambda: seen_by_first.append(started.wait(0.2)))
    of_another_lane = Task("of another lane", Lane.PACKAGES, 1.0, lambda: None)
    run(first, of_another_lane, Task("second", Lane.COMPILER, 1.0, started.set))
    assert seen_by_first == [False]
    assert started.is_set()


def test_lanes_run_side_by_side():
    record, gate = Recorder(), threading.Event()

    def open_gate():
        gate.set()

    run(record.task("compiled", Lane.COMPILER, gate=gate), Task("opens", Lane.PACKAGES, 1.0, open_gate))
    assert record.ran == ["compiled"]


def test_after_a_failure_nothing_starts_and_what_runs_is_ended():
    record, ended = Recorder(), threading.Event()
    tasks = (
        record.task("fails", Lane.PACKAGES, error=BuildFailed("no mirror")),
        record.task("runs", Lane.COMPILER, gate=ended),
        record.task("later", Lane.COMPILER, needs=["runs"]),
    )
    with pytest.raises(BuildFailed, match="no mirror"):
        run(*tasks, cancel=ended.set)
    assert ended.is_set()
    assert "later" not in record.ran


def test_with_keep_going_everything_that_does_not_need_the_failed_task_is_built():
    record = Recorder()
    tasks = (
        record.task("fails", Lane.COMPILER, 9.0, error=BuildFailed("boom")),
        record.task("image of it", needs=["fails"]),
        record.task("other", Lane.COMPILER),
        record.task("image of other", needs=["other"]),
    )
    with pytest.raises(BuildFailed, match="boom"):
        run(*tasks, keep_going=True)
    assert record.ran == ["fails", "other", "image of other"]


def test_an_error_of_the_program_is_raised_even_with_keep_going():
    with pytest.raises(ZeroDivisionError):
        run(Task("wrong", Lane.ENGINE, 1.0, lambda: 1 // 0), keep_going=True)


def test_progress_names_what_is_built_how_many_are_done_and_what_is_left():
    record = Recorder()
    progress = run(record.task("a", Lane.COMPILER, 60.0), record.task("b", Lane.COMPILER, 30.0))
    assert progress.steps == ["building a", "building b"]
    assert progress.notes == ["built a in 0.0 s; 1 of 2 done, about 5 s left", "built b in 0.0 s; 2 of 2 done"]


def test_a_long_task_reports_that_it_is_still_running():
    reported = threading.Event()

    class Progress(SilentProgress):
        def note(self, text):
            super().note(text)
            reported.set()

    progress = Progress()
    task = Task("slow", Lane.COMPILER, 600.0, lambda: reported.wait(WAIT_S))
    TaskRun((task,), progress, lambda: None, clock=JumpingClock(), report_every_s=0.01).run()
    assert progress.notes[0] == "still building slow; 0 of 1 done, about 10 min left"
