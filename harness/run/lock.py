"""Alone on the machine, or with a part of the cluster: measurements exclude every other case of the run, in whatever
process it is.

A lock file of the run, shared by ordinary cases and held alone by exclusive ones (flock(2)); the kernel
releases it when a worker crashes.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def machine_lock(file: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold the run's lock; waits for as long as others need it.

    Who wants it waits in a queue of one, so that cases which share it do not go on past one that wants it alone.
    """
    with file.open("a") as held, file.with_suffix(".queue").open("a") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(held, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
