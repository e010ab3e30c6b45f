"""From how many Services on is one mode better than another, for a given share of new connections?

The model: a request costs what it costs on a connection that is kept, and, if it opens a new one, the first packet's
round trip besides, which is a fixed time and a slope times the number of Services. So with a share r of requests on
new connections a mode costs `kept + r (fixed + slope x Services)`, and two modes are even at one number of Services,
or at none.

Each figure is drawn anew many times from its own interval, each draw fitted by least squares, and the number of
Services taken from it: a parametric bootstrap (Efron and Tibshirani 1993, chapter 6). What moved a whole step is in no
interval of a step's own; the spread of the controls is, and is added to every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.measure.contrast import Range
from harness.measure.detectable import standard_error

DRAWS = 4000
SURE = 0.95


@dataclass(frozen=True, slots=True)
class ModeCost:
    """What a mode costs on one host and substrate, in microseconds.

    `first_packet` holds the first packet's median by number of Services, at least two numbers; `kept` is the median
    of a request on a connection that was there already; `restlessness` the standard deviation of whole steps.
    """

    mode: str
    first_packet: tuple[tuple[int, Range], ...]
    kept: Range
    restlessness: float

    @property
    def most(self) -> int:
        """The largest number of Services measured."""
        return max(services for services, _ in self.first_packet)


@dataclass(frozen=True, slots=True)
class BreakEven:
    """`better_above` costs less from `services` on; where `services` is None, at every number up to `most`.

    If `better_above` is None, the figures cannot tell.
    """

    new_share: float
    most: int
    better_above: str | None
    services: Range | None


def break_even(ours: ModeCost, theirs: ModeCost, new_share: float, generator: np.random.Generator) -> BreakEven:
    """Compare two modes measured on the same host, for a share of new connections above 0 and up to 1."""
    most = min(ours.most, theirs.most)
    at_zero, per_service = _costs(ours, new_share, generator) - _costs(theirs, new_share, generator)
    at_most = at_zero + per_service * most
    for better, sign in ((ours.mode, 1.0), (theirs.mode, -1.0)):
        if np.mean((sign * at_zero < 0) & (sign * at_most < 0)) >= SURE:
            return BreakEven(new_share, most, better, None)
        crosses = (sign * at_zero > 0) & (sign * at_most < 0)
        if np.mean(crosses) >= SURE:
            low, middle, high = np.quantile(-at_zero[crosses] / per_service[crosses], [0.025, 0.5, 0.975])
            return BreakEven(new_share, most, better, Range(float(middle), float(low), float(high)))
    return BreakEven(new_share, most, None, None)


def _costs(cost: ModeCost, new_share: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draws of the cost at zero Services and of its growth by each, with shape (2, DRAWS)."""
    services = np.array([services for services, _ in cost.first_packet], dtype=float)
    medians = np.array([found.value for _, found in cost.first_packet])
    errors = np.array([np.hypot(standard_error(found), cost.restlessness) for _, found in cost.first_packet])
    drawn = generator.normal(medians[:, None], errors[:, None], (len(services), DRAWS))
    slope, fixed = np.polyfit(services, drawn, 1)
    kept = generator.normal(cost.kept.value, np.hypot(standard_error(cost.kept), cost.restlessness), DRAWS)
    return np.array([kept + new_share * fixed, new_share * slope])
