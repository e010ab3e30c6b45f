"""Two modes side by side: in what is which of them better, as far as the figures can tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the lowest and the highest value that it may have: an interval, or the ends of repetitions."""

    value: float
    low: float
    high: float

    @property
    def size(self) -> Range:
        """How far from 0, in either direction."""
        ends = sorted((abs(self.low), abs(self.high)))
        return Range(abs(self.value), 0.0 if self.low <= 0 <= self.high else ends[0], ends[1])

    def __str__(self) -> str:
        """No more digits than the width of the range bears: two of it (JCGM 100:2008, 7.2.6)."""
        width = self.high - self.low
        if not 0 < width < math.inf:
            return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"
        places = max(0, 1 - math.floor(math.log10(width)))
        return f"{self.value:z.{places}f} ({self.low:z.{places}f} to {self.high:z.{places}f})"


def range_of(values: Sequence[float]) -> Range:
    """Repetitions by their median and their ends.

    Two ranges of five repetitions each are apart by chance once in 126 times (Mann and Whitney 1947,
    https://doi.org/10.1214/aoms/1177730491).
    """
    ordered = sorted(values)
    return Range(ordered[len(ordered) // 2], ordered[0], ordered[-1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one thing costs in two modes; less is better. `thing` is said in words, with its unit."""

    thing: str
    ours: Range
    theirs: Range

    @property
    def better(self) -> bool:
        """Ours costs less, and the ranges are apart."""
        return self.ours.high < self.theirs.low

    @property
    def worse(self) -> bool:
        """Ours costs more, and the ranges are apart."""
        return self.ours.low > self.theirs.high

    @property
    def told(self) -> bool:
        return self.better or self.worse


def in_words(comparisons: Sequence[Comparison], ours: str, theirs: str) -> str:
    """All figures in one sentence."""
    return "; ".join(f"{found.thing}: {found.ours} in {ours}, {found.theirs} in {theirs}" for found in comparisons)
