"""A test whether a sequence of choices is a strict rotation or consists of independent random draws.

It uses two statistics of a sequence of n choices among k backends: immediate repeats, and the counts of the backends.
Strict rotation repeats with period k and never chooses the same backend twice in a row. Under independent uniform
choice, the number of immediate repeats is binomial(n - 1, 1/k), and the counts are multinomial with equal
probabilities (Pearson's chi-square test).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import scipy


@dataclass(frozen=True, slots=True)
class SequenceStatistics:
    """The statistics of a sequence of choices.

    `periodic` is the share of choices equal to the choice k positions before. `repeats` is the number of times that a
    backend was chosen twice in a row; independent choice gives `expected_repeats` on average, and `p_repeats` is the
    two-sided p-value of `repeats`. `p_uniform` is the p-value of the counts under uniform choice.
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
        """Return whether the choices are a strict rotation, without a single exception."""
        return self.periodic == 1.0 and self.repeats == 0 and len(self.counts) == self.k

    @property
    def independent(self) -> bool:
        """Return whether the choices are compatible with independent uniform choice.

        At most 2 of 1,000 sequences of such choices are rejected.
        """
        return self.p_repeats > 0.001 and self.p_uniform > 0.001

    @property
    def in_words(self) -> str:
        """Return the kind of the choices in a sentence."""
        if self.rotates:
            return "Strict rotation."
        return "Independent random choice, no rotation." if self.independent else "Neither rotation nor random choice."


def sequence_statistics(choices: Sequence[str], k: int) -> SequenceStatistics:
    """Return the statistics of at least 2 `k` choices among `k` backends."""
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
        p_repeats=float(scipy.stats.binomtest(repeats, pairs, 1 / k).pvalue),
        p_uniform=float(scipy.stats.chisquare(observed).pvalue),
    )
