"""How long work tells what it is doing: a protocol, and the one that prints lines with elapsed time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told of each step of something long."""

    def step(self, title: str) -> None:
        """A step begins; `title` says what is being done, in the present tense."""

    def note(self, text: str) -> None:
        """Something worth a line within the step, e.g. a decision and why."""


class PrintedProgress:
    """Lines on a stream, each with the seconds since the start, so that a log shows where time went."""

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
    """Announce a step, and its duration once it has ended well."""
    progress.step(title)
    start_s = time.monotonic()
    yield
    progress.note(f"done in {time.monotonic() - start_s:.1f} s")
