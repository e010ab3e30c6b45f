"""A fake clock: sleeping advances it at once."""

from __future__ import annotations


class JumpingClock:
    """A `Clock` that sleeping advances without waiting."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
