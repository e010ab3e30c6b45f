"""Progress messages of long operations: a protocol, and an implementation that prints lines with the elapsed time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO


class Progress(Protocol):
    """A receiver of progress messages."""

    def step(self, title: str) -> None:
        """Report that a step begins; `title` describes it in the present tense."""

    def note(self, text: str) -> None:
        """Report a detail of the current step, for example a decision and its reason."""


class PrintedProgress:
    """Progress messages printed on a stream, each with the seconds since the start."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._start_s = time.monotonic()

    def step(self, title: str) -> None:
        self._write(f"• {title}")

    def note(self, text: str) -> None:
        self._write(f"  {text}")

    def _write(self, line: str) -> None:
        self._stream.write(f"[{time.monotonic() - self._start_s:6.1f}s] {line}\n")
        self._stream.flush()


@contextmanager
def timed(progress: Progress, title: str) -> Iterator[None]:
    """Report a step at its begin, and its duration at its end unless it raises."""
    progress.step(title)
    start_s = time.monotonic()
    yield
    progress.note(f"done in {time.monotonic() - start_s:.1f} s")
