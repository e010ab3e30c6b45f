"""Comparison of two modes: values with ranges, and which mode is better as far as the ranges show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """A value with a lower and an upper end: an interval, or the extremes of several repetitions."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Range:
        """Return the range of the value times a factor."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Range(self.value * factor, low, high)

    @property
    def size(self) -> Range:
        """Return the range of the absolute value."""
        ends = sorted((abs(self.low), abs(self.high)))
        return Range(abs(self.value), 0.0 if self.low <= 0 <= self.high else ends[0], ends[1])

    def __str__(self) -> str:
        """Return the range with as many digits as its width justifies: two of the width (JCGM 100:2008, 7.2.6)."""
        width = self.high - self.low
        if not 0 < width < math.inf:
            return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"
        places = max(0, 1 - math.floor(math.log10(width)))
        return f"{self.value:z.{places}f} ({self.low:z.{places}f} to {self.high:z.{places}f})"


def range_of(values: Sequence[float]) -> Range:
    """Return the median of repetitions, with their minimum and maximum.

    Two ranges of five repetitions each are disjoint by chance in one of 126 cases (Mann and Whitney 1947,
    https://doi.org/10.1214/aoms/1177730491).
    """
    ordered = sorted(values)
    return Range(ordered[len(ordered) // 2], ordered[0], ordered[-1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """The cost of one thing in two modes; less is better. `thing` is its name in words, with the unit."""

    thing: str
    ours: Range
    theirs: Range

    @property
    def better(self) -> bool:
        """Return whether ours costs less and the ranges do not overlap."""
        return self.ours.high < self.theirs.low

    @property
    def worse(self) -> bool:
        """Return whether ours costs more and the ranges do not overlap."""
        return self.ours.low > self.theirs.high

    @property
    def differs(self) -> bool:
        """Return whether the ranges do not overlap."""
        return self.better or self.worse


def in_words(comparisons: Sequence[Comparison], ours: str, theirs: str) -> str:
    """Return all comparisons in one sentence."""
    return "; ".join(f"{found.thing}: {found.ours} in {ours}, {found.theirs} in {theirs}" for found in comparisons)
