"""A fake host's processes: a list, from which ended processes are removed."""

from __future__ import annotations

from collections.abc import Callable

from clusters.host.processes import Process, with_descendants


class FakeProcesses:
    """A `Processes` with a list of running processes."""

    def __init__(self, *running: Process, ending: Callable[[], None] = lambda: None) -> None:
        self.running = list(running)
        self._ending = ending
        """A function that is called while processes end."""

    def read(self) -> tuple[Process, ...]:
        return tuple(self.running)

    def end(self, chosen: Callable[[Process], bool]) -> tuple[Process, ...]:
        found = with_descendants(self.running, chosen)
        self._ending()
        self.running = [process for process in self.running if process not in found]
        return found
