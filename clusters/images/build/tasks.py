"""Tasks of a build, run at the same time where they neither need each other nor compete for the same resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import TopologicalSorter

from clusters.errors import WorldError
from clusters.host.clock import Clock, SystemClock
from clusters.host.progress import Progress
from clusters.images.build.pace import Pace


class Lane(StrEnum):
    """What a task uses most. Tasks of one lane run one after another, in the order given; lanes run side by side.

    A Go build keeps all cores busy by itself; downloads mostly wait for the network; the engine writes layers.
    """

    COMPILER = "compiler"
    PACKAGES = "packages"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Task:
    """A task with a unique `name`, which completes the sentence "building ...".

    `needs` are names of tasks that must have ended before; `cost_s` is its usual duration on a host with 2 cores.
    """

    name: str
    lane: Lane
    cost_s: float
    run: Callable[[], None]
    needs: frozenset[str] = frozenset()


@dataclass(slots=True)
class TaskRun:
    """One run of tasks.

    `cancel` ends the programs that tasks have started. `keep_going` runs all tasks that do not need a failed one. While
    nothing ends, what runs and what is left is reported every `report_every_s`.
    """

    tasks: tuple[Task, ...]
    progress: Progress
    cancel: Callable[[], None]
    keep_going: bool = False
    clock: Clock = field(default_factory=SystemClock)
    report_every_s: float = 60.0

    def run(self) -> None:
        """Run all tasks. Raises the `WorldError` of the first task that failed.

        If a task fails without `keep_going`, or this thread is interrupted, ends the others first.
        """
        waiting = _Waiting(self.tasks)
        pace = Pace({task.name: (task.lane, task.cost_s) for task in self.tasks}, self.clock)
        running: dict[Future[None], Task] = {}
        failures: list[WorldError] = []
        with ThreadPoolExecutor(max_workers=len(Lane)) as threads:
            try:
                while running or waiting:
                    for task in waiting.startable({task.lane for task in running.values()}):
                        self.progress.step(f"building {task.name}")
                        pace.start(task.name)
                        running[threads.submit(task.run)] = task
                    if not running:
                        break  # what is left needs a task that failed
                    ended = wait(running, self.report_every_s, FIRST_COMPLETED).done
                    if not ended:
                        names = " and ".join(task.name for task in running.values())
                        self.progress.note(f"still building {names}; {pace.status()}")
                    for future in ended:
                        task = running.pop(future)
                        failure = future.exception()
                        if failure is None:
                            waiting.done(task)
                            self.progress.note(f"built {task.name} {pace.finish(task.name)}")
                        elif self.keep_going and isinstance(failure, WorldError):
                            self.progress.note(f"not built: {failure}")
                            failures.append(failure)
                        else:
                            raise failure
            except BaseException:
                self.cancel()
                raise
        if failures:
            raise failures[0]


class _Waiting:
    """The tasks that have not started yet."""

    def __init__(self, tasks: tuple[Task, ...]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._order = TopologicalSorter({task.name: task.needs & self._tasks.keys() for task in tasks})
        self._order.prepare()
        self._ready: set[str] = set()

    def __bool__(self) -> bool:
        return self._order.is_active() or bool(self._ready)

    def startable(self, busy: set[Lane]) -> Iterator[Task]:
        """Yield, and remove, at most one task for each lane that is not busy: the first that needs no other."""
        self._ready |= set(self._order.get_ready())
        for lane in set(Lane) - busy:
            ready = (task for name, task in self._tasks.items() if name in self._ready and task.lane is lane)
            if (first := next(ready, None)) is not None:
                self._ready.remove(first.name)
                yield first

    def done(self, task: Task) -> None:
        """Allow the tasks that need this one to start."""
        self._order.done(task.name)
