"""The supervisor: a process that ends everything another process has started once that process ends or is killed.

Each supervised process has one supervisor. The supervisor holds the read end of a pipe. The write end is open only in
the supervised process and in children that have not called execve(2) yet. When the pipe closes, every remaining
descendant has the owner in its environment. The supervisor ends these (`clusters.host.processes`) and then exits.

The alternatives have disadvantages. A parent-death signal (prctl(2)) does not reach grandchildren, such as the `docker`
that kind starts, and is sent when a *thread* ends. A supervisor for each command costs as much as `docker` itself,
hundreds of times per run.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from clusters.host.ownership import Owner
from clusters.host.processes import GRACE_S, MAKING_S, OWNER_VARIABLE, SUPERVISOR, HostProcesses

ROOT = Path(__file__).parents[2]


def supervise() -> None:
    """Make sure that everything this process starts from now on ends with it. The first call starts the supervisor."""
    _supervise(os.getpid())


@cache
def _supervise(pid: int) -> None:
    reading, writing = os.pipe()
    # An outer run must not end this supervisor as one of its processes: the supervisor has to do its own work then.
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
    """At an ordinary exit, close the pipe and wait until the supervisor has ended everything."""
    os.close(writing)
    try:
        supervisor.wait(MAKING_S + 2 * GRACE_S)
    except subprocess.TimeoutExpired:
        supervisor.kill()


def main() -> None:
    """Wait until the owner, named by the first argument, has ended, then end the processes that it left."""
    owner = Owner.parse(sys.argv[1])
    sys.stdin.buffer.read()
    # The pipe closes a moment before the owner counts as ended.
    HostProcesses().end(lambda seen: seen.owner is not None and (seen.owner == owner or seen.owner.has_ended()))


if __name__ == "__main__":
    main()
