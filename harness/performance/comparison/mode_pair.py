"""The comparison of two modes as a record."""

from __future__ import annotations

from collections.abc import Sequence

from harness.performance.comparison.break_even import BreakEven, Pair
from harness.performance.intervals import interval_of
from reports.model.comparison import Advantage, DifferencePoint, ModePair

PER = 1000
RELEVANT_SHARE = 0.01
"""The smallest relative difference of a request's time that a comparison reports."""


def mode_pair(pair: Pair, shares: Sequence[float], parts: int) -> ModePair:
    """Return the comparison of two modes, with an advantage for each share of requests on new connections."""
    numbers = [pair.most * part / parts for part in range(parts + 1)]
    return ModePair(
        ours=pair.ours.mode,
        theirs=pair.theirs.mode,
        most_services=pair.most,
        growth_us_per_1000=interval_of(pair.growth_us, PER),
        difference=tuple(
            DifferencePoint(
                services=services,
                longer_us=interval_of(pair.longer_us(services)),
                first_packet_us=pair.mean_us(services),
                request_us=(pair.ours.kept + pair.theirs.kept) / 2,
            )
            for services in numbers
        ),
        first_packet=_advantage(pair.break_even(1.0), 1.0, 0.0),
        requests=tuple(_advantage(pair.break_even(share, RELEVANT_SHARE), share, RELEVANT_SHARE) for share in shares),
    )


def _advantage(found: BreakEven, new_share: float, by: float) -> Advantage:
    return Advantage(
        new_share=new_share,
        by=by,
        better=found.better,
        services=None if found.services is None else interval_of(found.services),
        alike=found.alike,
    )
