"""Time as a seam: waits are tested with a clock that jumps."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a wait needs of time, in seconds."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def sleep(self, seconds: float) -> None:  # the seam by which waits pause between two looks; no case uses it
        """Let that much time pass."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:  # as above
        time.sleep(seconds)  # the pause between two looks of a wait; its condition is the caller's
