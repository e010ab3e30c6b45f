"""The processes of this host, read from proc(5), and the termination of those left by ended runs.

Each process that is started for a run has the run's owner in its environment, and passes it on to its children. An
owner is identified by PID and start time (`clusters.host.ownership`), so any process can check whether it has ended.
The owner's supervisor (`clusters.host.supervisor`) ends the remaining processes at once; `kubeproof clean` does so
later.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from clusters.errors import WorldError
from clusters.host.clock import Clock, SystemClock
from clusters.host.ownership import ENDED, KIND_CLUSTER_LABEL, Owner

OWNER_VARIABLE = "KUBEPROOF_OWNER"
"""The environment variable that holds the owner, in every process that is started for a run."""

NETWORK_VARIABLE = "KIND_EXPERIMENTAL_DOCKER_NETWORK"
"""The environment variable that names the cluster's network to kind and to each `docker` that kind starts."""

SUPERVISOR = "clusters.host.supervisor"
GRACE_S = 2.0
"""The time between SIGTERM and SIGKILL."""

MAKING_S = 15.0
"""How long a `docker run` may continue after its run has ended. By then the engine lists the container it creates."""

UNKILLABLE_S = 60.0
"""How long a process may survive SIGKILL, as one that waits for a device does (state D of proc(5))."""

INTERVAL_S = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A process.

    `owner` is the owner of the run it was started for, `network` the value of `NETWORK_VARIABLE`. Both are None if the
    process's environment lacks them or cannot be read.
    """

    pid: int
    parent: int
    session: int
    start_ticks: int
    argv: tuple[str, ...] = ()
    owner: Owner | None = None
    network: str | None = None

    @property
    def makes_container(self) -> bool:
        """Return True for `docker run` and `docker create`.

        If the client is killed, the engine continues to create the container and does not list it at first. Once the
        client has ended by itself, the container exists and can be removed.
        """
        program, *arguments = self.argv or ("",)
        return PurePath(program).name == "docker" and arguments[:1] in (["run"], ["create"])

    @property
    def makes_nodes_of(self) -> str | None:
        """Return the kind cluster whose nodes this process creates, or None.

        Only clusters with a network of the same name count, which only Kubeproof creates.
        """
        arguments = (f"--name={self.network}", f"{KIND_CLUSTER_LABEL}={self.network}")
        return self.network if any(word in self.argv for word in arguments) else None

    @property
    def supervises(self) -> bool:
        """Return True for a supervisor, which ends by itself when its work is done."""
        return "-m" in self.argv and SUPERVISOR in self.argv


class Processes(Protocol):
    """The processes of this host, which can be found and ended."""

    def read(self) -> tuple[Process, ...]:
        """Return the running processes except this one and supervisors."""

    def end(self, chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
        """End the chosen processes and all their descendants, and return them when all have ended.

        Raises `WorldError` if a process does not end.
        """


class HostProcesses:
    """The processes that are visible to this process in /proc."""

    def __init__(
        self, proc: Path = Path("/proc"), clock: Clock | None = None, kill: Callable[[int, int], None] = os.kill
    ) -> None:
        self._proc = proc
        self._clock = clock or SystemClock()
        self._kill = kill

    def end(self, chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
        """End the chosen processes and all their descendants, and return them when all have ended.

        Send SIGTERM, and SIGKILL `GRACE_S` later. A process that creates a container (`Process.makes_container`)
        receives SIGTERM only after `MAKING_S`. Ignore processes that this user may not signal. Raises `WorldError` if a
        process survives SIGKILL for `UNKILLABLE_S`.
        """
        first_seen_s: dict[tuple[int, int], float] = {}
        ended: dict[tuple[int, int], Process] = {}
        forbidden: set[tuple[int, int]] = set()
        sessions: set[int] = set()

        def due(process: Process) -> bool:
            # The session identifies a child that was started after the sample in which its parent was found.
            return _key(process) in first_seen_s or process.session in sessions or chosen(process)

        samples_without = 0
        # During execve(2) a process shows no environment, so one sample is not enough.
        while samples_without < 2:
            found = with_descendants(self.read(), due)
            found = tuple(seen for seen in found if _key(seen) not in forbidden)
            sessions |= {seen.session for seen in found if seen.session == seen.pid}
            samples_without = 0 if found else samples_without + 1
            now_s = self._clock.monotonic()
            for seen in found:
                ended[_key(seen)] = seen
                age_s = now_s - first_seen_s.setdefault(_key(seen), now_s)
                overdue_s = age_s - (MAKING_S if seen.makes_container else 0.0)
                if not self._signal(seen, overdue_s):
                    forbidden.add(_key(seen))
                elif overdue_s >= GRACE_S + UNKILLABLE_S:
                    raise _unkillable(seen)
            # These are not child processes, so they cannot be waited for: their end shows only in /proc.
            self._clock.sleep(INTERVAL_S)  # between two samples
        return tuple(seen for key, seen in ended.items() if key not in forbidden)

    def read(self, *, supervisors: bool = False) -> tuple[Process, ...]:
        """Return all running processes except this one; include supervisors only if `supervisors` is True."""
        numbers = (int(entry.name) for entry in self._proc.iterdir() if entry.name.isdigit())
        found = (self._process(pid) for pid in numbers if pid != os.getpid())
        return tuple(seen for seen in found if seen is not None and (supervisors or not seen.supervises))

    def _signal(self, process: Process, overdue_s: float) -> bool:
        """Send the signal that is due `overdue_s` after the grace time began; return False if that is not permitted."""
        if overdue_s < 0:
            return True
        with suppress(ProcessLookupError):
            try:
                self._kill(process.pid, signal.SIGKILL if overdue_s >= GRACE_S else signal.SIGTERM)
            except PermissionError:
                return False
        return True

    def _process(self, pid: int) -> Process | None:
        folder = self._proc / str(pid)
        try:
            stat = (folder / "stat").read_text(errors="replace")
            argv = (folder / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
        except OSError:
            return None  # it has ended
        state, parent, _, session, *others = stat.rpartition(")")[2].split()
        if state in ENDED:
            return None
        environment = _environment(folder)
        return Process(
            pid=pid,
            parent=int(parent),
            session=int(session),
            start_ticks=int(others[15]),
            argv=tuple(argv),
            owner=Owner.parse(environment.get(OWNER_VARIABLE, "")),
            network=environment.get(NETWORK_VARIABLE),
        )


def with_descendants(processes: Iterable[Process], chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
    """Return the chosen processes and their descendants. A descendant is found only while all its ancestors run."""
    children: dict[int, list[Process]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process)
    found: dict[int, Process] = {}
    waiting = [process for process in processes if chosen(process)]
    while waiting:
        process = waiting.pop()
        if process.pid not in found:
            found[process.pid] = process
            waiting += children.get(process.pid, [])
    return tuple(found.values())


def _unkillable(process: Process) -> WorldError:
    return WorldError(
        f"process {process.pid} ({process.argv[0]}) still runs {UNKILLABLE_S:.0f} s after SIGKILL",
        remedy=f"/proc/{process.pid}/stack shows what it waits for in the kernel",
    )


def _key(process: Process) -> tuple[int, int]:
    return process.pid, process.start_ticks


def _environment(folder: Path) -> dict[str, str]:
    """Return `OWNER_VARIABLE` and `NETWORK_VARIABLE`, as far as they are set and the environment can be read."""
    try:
        content = (folder / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.decode(errors="replace").partition("=") for entry in content.split(b"\0"))
    return {name: value for name, _, value in pairs if name in (OWNER_VARIABLE, NETWORK_VARIABLE)}
