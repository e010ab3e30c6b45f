"""Alone in the run, or alone with a part of the cluster, in whatever process the other cases are.

A lock file in the run's directory, shared by those who only use a thing and held alone by who changes or measures it
(flock(2)); the kernel releases it when a worker crashes.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def run_lock(file: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock of the run; waits for as long as others need it.

    Who wants it waits in a queue of one, so that cases which share it do not go on past one that wants it alone.
    """
    with file.open("a") as held, file.with_suffix(".queue").open("a") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(held, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
