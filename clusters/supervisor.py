"""Ends whatever a process has started when that process ends, also when it is killed: each has one supervisor.

The supervisor holds the reading end of a pipe whose writing end only the supervised process has, and children of it
that have not yet become another program. When the pipe closes, each of them has ended, or carries the owner in its
environment: the supervisor ends those (`clusters.processes`), and then itself.

The alternatives are less: a parent-death signal (prctl(2)) reaches no grandchild, such as the `docker` of kind, and is
sent when a *thread* ends; a supervisor for each command costs as much as `docker` itself, hundreds of times a run.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from clusters.ownership import Owner
from clusters.processes import GRACE_S, MAKING_S, OWNER_VARIABLE, SUPERVISOR, HostProcesses

ROOT = Path(__file__).parents[1]


def supervise() -> None:
    """Have whatever this process starts from now on end with it. The first call starts the supervisor."""
    _supervise(os.getpid())


@cache
def _supervise(pid: int) -> None:
    reading, writing = os.pipe()
    # It must not be taken for a child of the run that started this process: it has its own work to do then.
    environment = {name: value for name, value in os.environ.items() if name != OWNER_VARIABLE}
    supervisor = subprocess.Popen(
        [sys.executable, "-S", "-m", SUPERVISOR, str(Owner.myself())],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**environment, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    os.close(reading)
    os.environ[OWNER_VARIABLE] = str(Owner.myself())
    atexit.register(_release, supervisor, writing)


def _release(supervisor: subprocess.Popen[bytes], writing: int) -> None:
    """At the ordinary end: close the pipe, and wait until nothing is left."""
    os.close(writing)
    try:
        supervisor.wait(MAKING_S + 2 * GRACE_S)
    except subprocess.TimeoutExpired:
        supervisor.kill()


def main() -> None:
    """Wait for the end of the owner, named by the first argument, and end what it has left."""
    owner = Owner.parse(sys.argv[1])
    sys.stdin.buffer.read()
    # The pipe closes a moment before the owner counts as ended.
    HostProcesses().end(lambda seen: seen.owner is not None and (seen.owner == owner or seen.owner.has_ended()))


if __name__ == "__main__":
    main()
