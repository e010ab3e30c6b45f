"""Two modes side by side: in what is which of them better, as far as the figures can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from scipy import stats


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the lowest and the highest value that it may have: an interval, or the ends of repetitions."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def range_of(values: Sequence[float]) -> Range:
    """Repetitions by their median and their ends.

    Two ranges of five repetitions each are apart by chance once in 126 times (Mann and Whitney 1947,
    https://doi.org/10.1214/aoms/1177730491).
    """
    ordered = sorted(values)
    return Range(ordered[len(ordered) // 2], ordered[0], ordered[-1])


def median_range(values: Sequence[float]) -> Range:
    """Their median, with an interval of 95% at least between two of them (Thompson 1936,
    https://doi.org/10.1214/aoms/1177732563; at least six values)."""
    ordered = sorted(values)
    outside = int(stats.binom.ppf(0.025, len(ordered), 0.5))
    return Range(median(ordered), ordered[outside - 1], ordered[-outside])


@dataclass(frozen=True, slots=True)
class Contrast:
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


def in_words(contrasts: Sequence[Contrast], ours: str, theirs: str) -> str:
    """All figures in one sentence."""
    return "; ".join(f"{found.thing}: {found.ours} in {ours}, {found.theirs} in {theirs}" for found in contrasts)
