"""The processes of this host, read from proc(5), and how those of a run that has ended are ended too.

Each process that is started for a run carries the run's owner in its environment, and hands it on to whatever it
starts. An owner is a process with its start time (`clusters.ownership`), so that anybody can tell that the owner of a
process has ended: by the owner's supervisor (`clusters.supervisor`) at once, by `kubeproof clean` later.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from clusters.clock import Clock, SystemClock
from clusters.errors import WorldError
from clusters.ownership import ENDED, KIND_CLUSTER_LABEL, Owner

OWNER_VARIABLE = "KUBEPROOF_OWNER"
"""Environment variable of every process that is started for a run: the owner."""

NETWORK_VARIABLE = "KIND_EXPERIMENTAL_DOCKER_NETWORK"
"""By this variable kind, and each `docker` that kind starts, is told the cluster's network."""

SUPERVISOR = "clusters.supervisor"
GRACE_S = 2.0
"""Between SIGTERM and SIGKILL."""

MAKING_S = 15.0
"""How long a `docker run` may go on without its run. After that, the engine shows the container that it makes."""

UNKILLABLE_S = 60.0
"""How long a process may go on after SIGKILL. One that waits for a device (state D of proc(5)) does."""

INTERVAL_S = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `owner` is that of the run it was started for, and `network` the one that kind was told; both
    are None where its environment does not say, or may not be read."""

    pid: int
    parent: int
    session: int
    start_ticks: int
    argv: tuple[str, ...] = ()
    owner: Owner | None = None
    network: str | None = None

    @property
    def makes_container(self) -> bool:
        """A `docker run` or `docker create`.

        The engine goes on with what it was asked for when its client is killed, and does not show the container at
        first. When the client has ended by itself, the container is there to be removed.
        """
        program, *arguments = self.argv or ("",)
        return PurePath(program).name == "docker" and arguments[:1] in (["run"], ["create"])

    @property
    def makes_nodes_of(self) -> str | None:
        """The kind cluster of which it makes nodes, if that has a network of its own name, as only ours have."""
        asked = (f"--name={self.network}", f"{KIND_CLUSTER_LABEL}={self.network}")
        return self.network if any(word in self.argv for word in asked) else None

    @property
    def supervises(self) -> bool:
        """A supervisor ends by itself, as soon as it has done its work."""
        return "-m" in self.argv and SUPERVISOR in self.argv


class Processes(Protocol):
    """Finds and ends processes of this host."""

    def end(self, chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
        """End the chosen processes with all their descendants, and return them when none is left.

        Raises `WorldError` if one goes on.
        """


class HostProcesses:
    """The processes that this one can see."""

    def __init__(
        self, proc: Path = Path("/proc"), clock: Clock | None = None, kill: Callable[[int, int], None] = os.kill
    ) -> None:
        self._proc = proc
        self._clock = clock or SystemClock()
        self._kill = kill

    def end(self, chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
        """End the chosen processes with all their descendants, and return them when none is left.

        Each gets SIGTERM, and `GRACE_S` later SIGKILL; who makes a container (`Process.makes_container`) gets the
        first of them only after `MAKING_S`. What may not be signalled is left alone. Raises `WorldError` if one goes
        on for `UNKILLABLE_S` after SIGKILL.
        """
        first_seen_s: dict[tuple[int, int], float] = {}
        ended: dict[tuple[int, int], Process] = {}
        forbidden: set[tuple[int, int]] = set()
        sessions: set[int] = set()

        def due(process: Process) -> bool:
            # A child that was started after the look in which its parent was found is known by its session at least.
            return _key(process) in first_seen_s or process.session in sessions or chosen(process)

        samples_without = 0
        # A process shows no environment at the moment in which it becomes another program: one look is not enough.
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
            # Not children of ours: nothing tells of their end but their absence.
            self._clock.sleep(INTERVAL_S)  # between two looks
        return tuple(seen for key, seen in ended.items() if key not in forbidden)

    def read(self, *, supervisors: bool = False) -> tuple[Process, ...]:
        """All processes that have not ended, but this one, and supervisors only if asked for."""
        numbers = (int(entry.name) for entry in self._proc.iterdir() if entry.name.isdigit())
        found = (self._process(pid) for pid in numbers if pid != os.getpid())
        return tuple(seen for seen in found if seen is not None and (supervisors or not seen.supervises))

    def _signal(self, process: Process, overdue_s: float) -> bool:
        """Send what is due after so many seconds; False if the process may not be signalled."""
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
        said = _environment(folder)
        return Process(
            pid=pid,
            parent=int(parent),
            session=int(session),
            start_ticks=int(others[15]),
            argv=tuple(argv),
            owner=Owner.parse(said.get(OWNER_VARIABLE, "")),
            network=said.get(NETWORK_VARIABLE),
        )


def with_descendants(processes: Iterable[Process], chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
    """The chosen ones and whatever they have started, as far as the way to it leads through processes that live."""
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
        f"process {process.pid} ({process.argv[0]}) goes on {UNKILLABLE_S:.0f} s after SIGKILL",
        remedy=f"/proc/{process.pid}/stack tells what it waits for in the kernel",
    )


def _key(process: Process) -> tuple[int, int]:
    return process.pid, process.start_ticks


def _environment(folder: Path) -> dict[str, str]:
    """The two variables that matter here; none if the environment may not be read."""
    try:
        content = (folder / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.decode(errors="replace").partition("=") for entry in content.split(b"\0"))
    return {name: value for name, _, value in pairs if name in (OWNER_VARIABLE, NETWORK_VARIABLE)}
