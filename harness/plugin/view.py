"""What a person sees while cases run: a line that changes in place at a terminal, a line every minute elsewhere."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from reports.model import CaseResult, Outcome
from reports.text import one_line

PLAIN_EVERY_S = 60.0
LIVE_PER_S = 2.0


class View(Protocol):
    """Shows the state of a run between `start` and `stop`."""

    def start(self) -> None: ...

    def failed(self, case: CaseResult) -> None:
        """Show a case that failed or ended with an environment error, as soon as it has."""

    def stop(self) -> None:
        """Remove what changes in place. May be called without `start`, and more than once."""


class LiveView:
    """The state on the last line of a terminal, drawn again twice a second."""

    def __init__(self, stream: TextIO, line: Callable[[], str]) -> None:
        self._console = Console(file=stream, force_terminal=True)
        self._line = line
        self._live: Live | None = None

    def start(self) -> None:
        self._live = Live(
            get_renderable=lambda: Text(self._line(), no_wrap=True, overflow="ellipsis"),
            console=self._console,
            refresh_per_second=LIVE_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def failed(self, case: CaseResult) -> None:
        self._console.print(Text(failure_line(case)))

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()


class PlainView:
    """The state as a line of its own once a minute, written by a thread."""

    def __init__(self, stream: TextIO, line: Callable[[], str], every_s: float = PLAIN_EVERY_S) -> None:
        self._stream, self._line, self._every_s = stream, line, every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubeproof view", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def failed(self, case: CaseResult) -> None:
        self._write(failure_line(case))

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            self._write(self._line())

    def _write(self, line: str) -> None:
        # pytest's own line of dots is not complete.
        self._stream.write(f"\n{line}\n")
        self._stream.flush()


def choose_view(stream: TextIO, line: Callable[[], str], *, verbose: bool) -> View:
    """Return the view for this output: lines that stay in CI, and with -v, which writes a line for each case."""
    if stream.isatty() and not verbose and not os.environ.get("CI"):
        return LiveView(stream, line)
    return PlainView(stream, line)


def own_stdout() -> TextIO:
    """Return a stream to where standard output goes now, even while pytest captures the output of cases."""
    return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="backslashreplace")


def failure_line(case: CaseResult) -> str:
    """Return a failed case in one line: its outcome, its name and why."""
    assert case.outcome not in (Outcome.PASSED, Outcome.SKIPPED)
    return f"{case.outcome.upper()} {case.id}: {one_line(case.reason)[:200]}"
