"""The clock that waits use. Tests replace it with a clock that advances without waiting."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can sleep. All times are in seconds."""

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary start; they never decrease."""

    def sleep(self, seconds: float) -> None:  # waits pause with this between two samples; no case calls it
        """Return after `seconds` have passed."""


class SystemClock:
    """The operating system's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:  # waits pause with this; no case calls it
        time.sleep(seconds)  # the pause between two samples of a wait; the caller checks the condition
