"""The run's log file: every step with its time, and the details of every error."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from clusters.errors import KubeproofError


class RunLog:
    """A `Progress` that writes each step to the run's log file and to the terminal, through `show`."""

    def __init__(self, file: Path, show: Callable[[str], None]) -> None:
        self.file = file
        self._show = show
        self._start_s = time.monotonic()

    def step(self, title: str) -> None:
        self._show_and_write(f"• {title}")

    def note(self, text: str) -> None:
        self._show_and_write(f"  {text}")

    def case(self, nodeid: str, outcome: str, duration_s: float) -> None:
        """Write to the file only that a case has ended."""
        self._write(self._timed(f"  case {nodeid} {outcome} in {duration_s:.1f} s"))

    def error_details(self, error: KubeproofError | OSError) -> None:
        """Write all details of an error to the file only."""
        detail = error.detail if isinstance(error, KubeproofError) else ""
        self._write(f"{type(error).__name__}: {error}\n{detail}\n")

    def _show_and_write(self, line: str) -> None:
        line = self._timed(line)
        self._show(line.rstrip("\n"))
        self._write(line)

    def _timed(self, line: str) -> str:
        return f"[{time.monotonic() - self._start_s:6.1f}s] {line}\n"

    def _write(self, text: str) -> None:
        # A full disk must not prevent the step that is logged, such as the removal of the cluster.
        with suppress(OSError), self.file.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(text)


def worker_log(directory: Path) -> RunLog:
    """Return a log that only writes to the log file of the run in `directory`, for an xdist worker."""
    return RunLog(directory / "run.log", lambda line: None)
