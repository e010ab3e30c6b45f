"""Who may run beside whom."""

import fcntl
import threading
import time

import pytest

from harness.run.lock import run_lock

SOON_S = 10.0


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cases.lock"


def wanting(file, had, name, *, exclusive):
    """A thread that wants the lock, and adds its name to `had` when it has it."""

    def want():
        with run_lock(file, exclusive=exclusive):
            had.append(name)

    thread = threading.Thread(target=want)
    thread.start()
    return thread


def queued(file):
    """Return once somebody waits in the queue."""
    deadline_s = time.monotonic() + SOON_S
    with file.with_suffix(".queue").open("a") as queue:
        while time.monotonic() < deadline_s:
            try:
                fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(queue, fcntl.LOCK_UN)
    pytest.fail("nobody waits in the queue")


def test_ordinary_cases_run_side_by_side(file):
    had = []
    with run_lock(file, exclusive=False):
        wanting(file, had, "other", exclusive=False).join(SOON_S)
        assert had == ["other"]


def test_an_exclusive_case_waits_and_those_behind_it_do_too(file):
    had = []
    with run_lock(file, exclusive=False):
        alone = wanting(file, had, "alone", exclusive=True)
        queued(file)
        behind = wanting(file, had, "behind", exclusive=False)
        assert had == []
    for thread in (alone, behind):
        thread.join(SOON_S)
    assert had == ["alone", "behind"]
