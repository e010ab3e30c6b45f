"""The lock that lets ordinary cases run concurrently, and an exclusive case on its own."""

import fcntl
import threading
import time

import pytest

from harness.run.lock import run_lock

DEADLINE_S = 10.0


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cases.lock"


def started_thread(file, acquired, name, *, exclusive):
    """Start a thread that acquires the lock and then appends its name to `acquired`."""

    def acquire():
        with run_lock(file, exclusive=exclusive):
            acquired.append(name)

    thread = threading.Thread(target=acquire)
    thread.start()
    return thread


def wait_queued(file):
    """Wait until a thread is in the queue."""
    deadline_s = time.monotonic() + DEADLINE_S
    with file.with_suffix(".queue").open("a") as queue:
        while time.monotonic() < deadline_s:
            try:
                fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(queue, fcntl.LOCK_UN)
    pytest.fail(f"no thread in the queue of {file} within {DEADLINE_S} s")


def test_ordinary_cases_run_concurrently(file):
    acquired = []
    with run_lock(file, exclusive=False):
        started_thread(file, acquired, "other", exclusive=False).join(DEADLINE_S)
        assert acquired == ["other"]


def test_an_exclusive_case_waits_and_later_cases_wait_behind_it(file):
    acquired = []
    with run_lock(file, exclusive=False):
        exclusive_thread = started_thread(file, acquired, "exclusive", exclusive=True)
        wait_queued(file)
        later_thread = started_thread(file, acquired, "later", exclusive=False)
        assert acquired == []
    for thread in (exclusive_thread, later_thread):
        thread.join(DEADLINE_S)
    assert acquired == ["exclusive", "later"]
