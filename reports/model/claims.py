"""The verdict on a claim."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NOT_IN_RUN = "no case of this run decides it"
"""The condition of a claim whose cases were not part of the run."""


class Verdict(StrEnum):
    """What a run found about a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    CONDITIONAL = "conditional"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim's verdict in this run's mode.

    `evidence` is what cases that passed have observed, in one or more sentences. `condition` says when a conditional
    claim holds and why an untested claim is untested; for a refuted claim it may name cases whose verdicts do not
    count. `text` is the claim in our words, `question` the question that it answers, and `advice` what the owner of a
    cluster should do, given the verdict. Both are empty in older results, `advice` also for most claims.
    """

    id: str
    text: str
    verdict: Verdict
    condition: str
    evidence: str
    cases: tuple[str, ...]
    question: str = ""
    advice: str = ""

    @property
    def in_run(self) -> bool:
        """Return True if a case of the run could decide the claim, however that case ended."""
        return self.condition != NOT_IN_RUN


def claim_order(claim_id: str) -> tuple[tuple[int, str], ...]:
    """Return the sort key of a claim's number: 2.5 precedes 15.1. Other texts are ordered, too."""
    return tuple((len(part), part) for part in claim_id.split("."))
