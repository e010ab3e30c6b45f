"""From how many Services on is one mode better than another, for a given share of new connections?

The model: a request costs what it costs on a connection that is kept, and, if it opens a new one, the first packet's
round trip besides, which is a fixed time and a slope times the number of Services. So with a share r of requests on
new connections it costs `kept + r (fixed + slope x Services)`. A request on a kept connection walks no Service's rule
in any mode and is taken to cost the same in both, for what differs in it from run to run is the host. Then two modes
are even at one number of Services, or at none, whatever r is; r says how much of a request their difference makes, and
so from how many Services on it is worth a thought.

Each mode's line is fitted through its steps by least squares and drawn anew many times as what the steps leave open, by
their distances from it: what moved a whole step moved all of its samples alike, which know nothing of it. The number of
Services is taken from each draw (a posterior without prior knowledge, Gelman et al. 2013, "Bayesian Data Analysis",
14.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison import Range
from harness.statistics.slope import FINEST_US

DRAWS = 4000
SURE = 0.95
ENDS = (0.5, 0.025, 0.975)


@dataclass(frozen=True, slots=True)
class ModeCost:
    """What a mode costs on one host and substrate, in microseconds.

    `first_packet` holds the first packet's median by number of Services, for three steps or more; `kept` is the median
    of a request on a connection that was there already. `common_error` is the standard error of what all steps share.
    """

    mode: str
    first_packet: tuple[tuple[int, float], ...]
    kept: float
    common_error: float = 0.0

    @property
    def most(self) -> int:
        """The largest number of Services measured."""
        return max(services for services, _ in self.first_packet)


@dataclass(frozen=True, slots=True)
class BreakEven:
    """`better` costs less, by the share that was asked for, from `services` on; where None, at every number.

    Where there is no `better`, the modes are `alike`: none costs so much less anywhere; or the figures cannot tell.
    """

    better: str | None = None
    services: Range | None = None
    alike: bool = False


class Pair:
    """Two modes measured on the same host, compared up to `most` Services, the largest number that both measured.

    Random draws are made for `ours` first: swapped modes give slightly different intervals, so a caller that wants
    reproducible answers sorts them.
    """

    def __init__(self, ours: ModeCost, theirs: ModeCost, generator: np.random.Generator) -> None:
        self.ours, self.theirs = ours, theirs
        self.most = min(ours.most, theirs.most)
        self._lines = {cost.mode: _lines(cost, generator) for cost in (ours, theirs)}
        kept = np.array([ours.kept, theirs.kept])
        self._kept = generator.normal(kept.mean(), kept.std(), DRAWS)

    def longer_us(self, services: int) -> Range:
        """By how much a first packet takes longer in our mode than in theirs."""
        ours, theirs = self._lines[self.ours.mode], self._lines[self.theirs.mode]
        return _range(_at(ours, services) - _at(theirs, services))

    def break_even(self, new_share: float, by: float = 0.0) -> BreakEven:
        """From where on a request costs less in one mode by the share `by` of what it costs there.

        `new_share` is that of requests on new connections, above 0 and up to 1.
        """
        never = np.ones(DRAWS, dtype=bool)
        for better, worse in ((self.ours, self.theirs), (self.theirs, self.ours)):
            at_zero, at_most = (self._gain(better, worse, new_share, by, services) for services in (0, self.most))
            if np.mean(at_most > 0) >= SURE:
                if np.mean((at_zero > 0) & (at_most > 0)) >= SURE:
                    return BreakEven(better.mode)
                return BreakEven(better.mode, _range(_crossings(at_zero, at_most, self.most)))
            never &= (at_zero <= 0) & (at_most <= 0)
        return BreakEven(alike=bool(np.mean(never) >= SURE))

    def _gain(
        self, better: ModeCost, worse: ModeCost, new_share: float, by: float, services: int
    ) -> NDArray[np.float64]:
        """By how much more than the share `by` of the better one's cost the other costs, in draws."""
        low, high = (self._kept + new_share * _at(self._lines[cost.mode], services) for cost in (better, worse))
        return high - (1 + by) * low


def _lines(cost: ModeCost, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draws of the first packet at zero Services and of its growth by each, with shape (2, DRAWS)."""
    services, medians = (np.array(column, dtype=float) for column in zip(*cost.first_packet, strict=True))
    columns = np.column_stack([np.ones(len(services)), services])
    inverse = np.linalg.inv(columns.T @ columns)
    fitted = inverse @ columns.T @ medians
    rest, freedom = medians - columns @ fitted, len(services) - 2
    scatter = max(FINEST_US, float(np.sqrt(rest @ rest / freedom)))
    apart = np.linalg.cholesky(inverse) @ generator.normal(size=(2, DRAWS))
    drawn = fitted[:, None] + scatter * apart / np.sqrt(generator.chisquare(freedom, DRAWS) / freedom)
    drawn[0] += generator.normal(0.0, cost.common_error, DRAWS)
    return np.asarray(drawn, dtype=np.float64)


def _at(lines: NDArray[np.float64], services: int) -> NDArray[np.float64]:
    return np.asarray(lines[0] + lines[1] * services, dtype=np.float64)


def _crossings(at_zero: NDArray[np.float64], at_most: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Where each line from one value to the other comes above 0: at none if it begins there, at `most` if never."""
    below, above = np.maximum(-at_zero, 0.0), np.maximum(at_most, 0.0)
    return np.asarray(most * below / np.maximum(below + above, FINEST_US), dtype=np.float64)


def _range(drawn: NDArray[np.float64] | Sequence[float]) -> Range:
    return Range(*(float(end) for end in np.quantile(drawn, ENDS)))
