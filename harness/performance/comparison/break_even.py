"""Estimate from how many Services on one mode is faster than another, for a given share of new connections.

The model: a request on a persistent connection takes a time `kept`. A request that opens a new connection also takes
the first packet's round trip: a fixed time plus a slope times the number of Services. If a share r of requests opens a
new connection, the mean time of a request is `kept + r (fixed + slope x Services)`.

A request on a persistent connection traverses no Service rule in any mode. Its time is therefore taken to be the same
in both modes, and a difference between two runs is attributed to the host. It follows that the break-even number of
Services, at which both modes take the same time, does not depend on r. But r determines how large the difference is
relative to a whole request, and so from how many Services on it matters.

The uncertainty of each mode's line is expressed by lines drawn from the posterior of its fit
(`harness.statistics.line`), and the break-even number is computed for each drawn pair of lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison import Range
from harness.statistics.line import DRAWS, Lines, drawn_lines, range_of_draws

CONFIDENCE = 0.975
"""The share of draws in which a statement must be true to be made.

So many lie on one side of zero if the 95% interval of a difference does not contain it.
"""

FINEST_US = 0.01
"""The least difference between two ends of a line that is divided by."""


@dataclass(frozen=True, slots=True)
class ModeCost:
    """The latencies of a mode on one host and substrate, in microseconds.

    `first_packet` holds pairs of the number of Services and the first packet's median, for at least four steps, up to
    `measured_to` Services. Where rules are traversed, the former is the number of Services of which the target would be
    the last; then `measured_to` says how many there really were. `kept` is the median of a request on a persistent
    connection. What differs from run to run is an error that all steps share, with a standard error of `run_error` that
    is itself known with `run_freedom` degrees of freedom, or not at all if that is 0.
    """

    mode: str
    first_packet: tuple[tuple[float, float], ...]
    kept: float
    run_error: float = 0.0
    run_freedom: int = 0
    measured_to: int | None = None

    @property
    def most(self) -> int:
        """The largest number of Services measured."""
        return self.measured_to or round(max(services for services, _ in self.first_packet))


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The result of a comparison of two modes.

    Mode `better` is faster by the requested share from `services` Services on, or at every number if that is None. If
    `better` is None, either the modes are `alike` (neither is faster by that share at any number of Services), or the
    data do not tell.
    """

    better: str | None = None
    services: Range | None = None
    alike: bool = False


class Pair:
    """Two modes measured on the same host, compared up to `most` Services, the largest number measured in both.

    Random draws are made for `ours` first. Swapped modes give slightly different intervals, so a caller that needs
    reproducible results sorts the modes.
    """

    def __init__(self, ours: ModeCost, theirs: ModeCost, generator: np.random.Generator) -> None:
        self.ours, self.theirs = ours, theirs
        self.most = min(ours.most, theirs.most)
        self._lines = {cost.mode: _lines(cost, generator) for cost in (ours, theirs)}
        mean_kept, half = (ours.kept + theirs.kept) / 2, abs(ours.kept - theirs.kept) / 2
        # Their difference is the host's, so it makes `kept` uncertain instead of favouring a mode. Half of it is the
        # standard error of their mean, with the one degree of freedom that two values have.
        self._kept = mean_kept + half * generator.standard_t(1, DRAWS)

    def longer_us(self, services: float) -> Range:
        """Return by how many microseconds a first packet takes longer in mode `ours` than in mode `theirs`."""
        ours, theirs = self._lines[self.ours.mode], self._lines[self.theirs.mode]
        return range_of_draws(ours.values_at(services) - theirs.values_at(services))

    def mean_us(self, services: float) -> float:
        """Return the first packet in microseconds, as the mean of both modes."""
        return float(np.mean([lines.values_at(services) for lines in self._lines.values()]))

    @property
    def growth_us(self) -> Range:
        """Return by how many microseconds per Service a first packet grows more in mode `ours` than in `theirs`."""
        ours, theirs = self._lines[self.ours.mode], self._lines[self.theirs.mode]
        return range_of_draws(ours.drawn[1] - theirs.drawn[1])

    def break_even(self, new_share: float, by: float = 0.0) -> BreakEven:
        """Find from how many Services on a request takes more than 1 + `by` times as long in one mode as in the other.

        `new_share` is the share of requests on new connections, above 0 and up to 1.
        """
        never = np.ones(DRAWS, dtype=bool)
        for better, worse in ((self.ours, self.theirs), (self.theirs, self.ours)):
            at_zero, at_most = (self._gain(better, worse, new_share, by, services) for services in (0, self.most))
            if np.mean(at_most > 0) >= CONFIDENCE:
                if np.mean((at_zero > 0) & (at_most > 0)) >= CONFIDENCE:
                    return BreakEven(better.mode)
                return BreakEven(better.mode, range_of_draws(_crossings(at_zero, at_most, self.most)))
            never &= (at_zero <= 0) & (at_most <= 0)
        return BreakEven(alike=bool(np.mean(never) >= CONFIDENCE))

    def _gain(
        self, better: ModeCost, worse: ModeCost, new_share: float, by: float, services: float
    ) -> NDArray[np.float64]:
        """Return for each draw by how much the time in mode `worse` exceeds 1 + `by` times that in mode `better`."""
        low, high = (self._kept + new_share * self._lines[cost.mode].values_at(services) for cost in (better, worse))
        return high - (1 + by) * low


def fitted_line(cost: ModeCost, generator: np.random.Generator, services: Sequence[float]) -> list[Range]:
    """Return the first packet on a mode's fitted line at these numbers of Services, with its interval."""
    lines = _lines(cost, generator)
    return [lines.at(number) for number in services]


def _lines(cost: ModeCost, generator: np.random.Generator) -> Lines:
    """Draw lines of a mode, with what its runs differ by."""
    services, medians_us = zip(*cost.first_packet, strict=True)
    lines = drawn_lines(services, medians_us, generator)
    if not cost.run_freedom:
        return lines
    moved = cost.run_error * generator.standard_t(cost.run_freedom, DRAWS)
    return Lines(lines.drawn + np.vstack([moved, np.zeros(DRAWS)]))


def _crossings(at_zero: NDArray[np.float64], at_most: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return the number of Services at which each line rises above 0.

    A line leads from `at_zero` at zero Services to `at_most` at `most` Services. The result is 0 if the line starts
    above 0, and `most` if it never rises above 0.
    """
    below, above = np.maximum(-at_zero, 0.0), np.maximum(at_most, 0.0)
    return np.asarray(most * below / np.maximum(below + above, FINEST_US), dtype=np.float64)
