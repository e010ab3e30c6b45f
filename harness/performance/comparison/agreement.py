"""Do two substrates agree which of two modes is faster?

A user-mode Linux guest and a host differ in what everything costs, so their latencies are never compared. But if the
guest is to tell an owner what changes from one mode to another, both must give the same order of modes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from harness.performance.comparison.break_even import Pair
from harness.statistics.comparison import Range
from reports.model.comparison import Agreement, SubstrateAgreement


def agreements(pairs: Mapping[str, Sequence[Pair]]) -> Iterator[SubstrateAgreement]:
    """Yield the agreement on each two modes that were measured on each two substrates. `pairs` are by substrate."""
    for here, there in combinations(pairs, 2):
        for ours in pairs[here]:
            for theirs in pairs[there]:
                if _modes(ours) == _modes(theirs):
                    yield SubstrateAgreement(
                        substrates=(here, there), modes=_modes(ours), answers=_answers(ours, theirs)
                    )


def _answers(here: Pair, there: Pair) -> dict[str, Agreement]:
    """Return the answers by question, at numbers of Services that both substrates have measured."""
    most = min(here.most, there.most)
    return {
        "the first packet without other Services": _agreement(here.longer_us(0), there.longer_us(0)),
        f"the first packet with {most:,} Services": _agreement(here.longer_us(most), there.longer_us(most)),
        "the growth of the first packet with the number of Services": _agreement(here.growth_us, there.growth_us),
    }


def _agreement(here: Range, there: Range) -> Agreement:
    signs = {_sign(here), _sign(there)}
    if 0 in signs:
        return Agreement.UNKNOWN
    return Agreement.SAME if len(signs) == 1 else Agreement.OPPOSITE


def _modes(pair: Pair) -> tuple[str, str]:
    return pair.ours.mode, pair.theirs.mode


def _sign(answer: Range) -> int:
    return (answer.low > 0) - (answer.high < 0)
