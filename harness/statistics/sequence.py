"""Is a sequence of choices a rotation, or independent draws?

Two statistics over a sequence of n choices among k backends. Strict rotation repeats with period k and
never chooses the same backend twice running. Under independent uniform choice the number of such repeats
is binomial(n - 1, 1/k), and the counts are multinomial with equal parts (Pearson's chi-square).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True, slots=True)
class SequenceStatistics:
    """What a sequence looks like.

    `periodic` is the share of choices equal to the one k before; `repeats` how often the same backend came
    twice running, expected `expected_repeats` under independence, where so few or fewer, or so many or more,
    come with probability `p_repeats`; `p_uniform` is that of counts so uneven under uniform choice.
    """

    n: int
    k: int
    counts: dict[str, int]
    periodic: float
    repeats: int
    expected_repeats: float
    p_repeats: float
    p_uniform: float

    @property
    def rotates(self) -> bool:
        """Strict rotation, without a single exception."""
        return self.periodic == 1.0 and self.repeats == 0 and len(self.counts) == self.k

    @property
    def independent(self) -> bool:
        """Compatible with independent uniform choice; false alarm at most 2 in 1,000."""
        return self.p_repeats > 0.001 and self.p_uniform > 0.001

    @property
    def in_words(self) -> str:
        """What the choices were, in a sentence."""
        if self.rotates:
            return "Strict rotation."
        return "Independent random choice, no rotation." if self.independent else "Neither rotation nor chance."


def sequence_statistics(choices: Sequence[str], k: int) -> SequenceStatistics:
    """Statistics of `choices` among `k` backends; at least 2 k choices."""
    counts = Counter(choices)
    repeats = sum(first == second for first, second in itertools.pairwise(choices))
    pairs = len(choices) - 1
    observed = [*counts.values(), *[0] * (k - len(counts))]
    return SequenceStatistics(
        n=len(choices),
        k=k,
        counts=dict(counts),
        periodic=sum(first == second for first, second in zip(choices, choices[k:], strict=False)) / (len(choices) - k),
        repeats=repeats,
        expected_repeats=pairs / k,
        p_repeats=float(stats.binomtest(repeats, pairs, 1 / k).pvalue),
        p_uniform=float(stats.chisquare(observed).pvalue),
    )
