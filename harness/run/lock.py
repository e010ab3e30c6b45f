"""Locks shared by all processes of a run.

A lock is a file in the run's directory (flock(2)). Cases that only use a resource share it; a case that changes or
measures the resource holds it exclusively. The kernel releases the lock when a worker process crashes.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def run_lock(file: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock of the run, after waiting until it is free.

    A second file is a queue: cases that share the lock cannot overtake one that waits for exclusive use.
    """
    with file.open("a") as lock, file.with_suffix(".queue").open("a") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
