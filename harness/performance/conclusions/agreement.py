"""Do two substrates agree which of two modes is faster?

A user-mode Linux guest and a host differ in what everything costs, so their latencies are never compared. But if the
guest is to tell an owner what changes from one mode to another, both must give the same order of modes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.performance.conclusions.break_even import Pair
from harness.statistics.comparison import Range


@dataclass(frozen=True, slots=True)
class Question:
    """One question about two modes, with its answer on each of two substrates: above 0 if `ours` is the greater."""

    subject: str
    answers: tuple[Range, Range]

    @property
    def signs(self) -> tuple[int, int]:
        """Return the sign of each answer, 0 where its interval contains 0."""
        here, there = (_sign(answer) for answer in self.answers)
        return here, there


def agreement_sentences(pairs: Mapping[str, Sequence[Pair]]) -> Iterator[str]:
    """Yield a sentence for each two modes that were measured on each two substrates. `pairs` are by substrate."""
    for here, there in combinations(pairs, 2):
        for ours in pairs[here]:
            for theirs in pairs[there]:
                if _modes(ours) == _modes(theirs):
                    yield _sentence((here, there), _modes(ours), questions(ours, theirs))


def questions(here: Pair, there: Pair) -> tuple[Question, ...]:
    """Return what both substrates were asked, at numbers of Services that both have measured."""
    most = min(here.most, there.most)
    return (
        Question("the first packet without other Services", (here.longer_us(0), there.longer_us(0))),
        Question(f"the first packet with {most:,} Services", (here.longer_us(most), there.longer_us(most))),
        Question("the growth of the first packet with the number of Services", (here.growth_us, there.growth_us)),
    )


def _sentence(substrates: tuple[str, str], modes: tuple[str, str], asked: Sequence[Question]) -> str:
    """Return one sentence about all questions: those with opposite answers first, for which the guest is no guide."""
    opposite = [question.subject for question in asked if question.signs in ((1, -1), (-1, 1))]
    same = [question.subject for question in asked if question.signs in ((1, 1), (-1, -1))]
    unknown = [question.subject for question in asked if 0 in question.signs]
    found = {"they disagree on": opposite, "they agree on": same, "the data do not tell about": unknown}
    parts = [f"{what} {', '.join(subjects)}" for what, subjects in found.items() if subjects]
    return f"Substrates {' and '.join(substrates)}, {' against '.join(modes)}: {'; '.join(parts)}."


def _modes(pair: Pair) -> tuple[str, str]:
    return pair.ours.mode, pair.theirs.mode


def _sign(answer: Range) -> int:
    return (answer.low > 0) - (answer.high < 0)
