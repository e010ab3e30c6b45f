"""What one experiment decides about a claim, from what it has observed.

A suite's `decisions.py` holds a function for each claim that makes a `Decision` of an observation. It is pure, so that
a unit test can show that the claim can end in each verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.model import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with the observation behind it.

    `condition` says under what condition the claim holds, or why it is untested; otherwise it is empty.
    """

    verdict: Verdict
    evidence: str
    condition: str = ""


def confirmed(evidence: str) -> Decision:
    """The observation agrees with the claim."""
    return Decision(Verdict.CONFIRMED, evidence)


def refuted(evidence: str) -> Decision:
    """The observation contradicts the claim."""
    return Decision(Verdict.REFUTED, evidence)


def conditional(condition: str, evidence: str) -> Decision:
    """The claim holds under `condition` only."""
    return Decision(Verdict.CONDITIONAL, evidence, condition)


def untested(reason: str) -> Decision:
    """The observation decides nothing; `reason` says why."""
    return Decision(Verdict.UNTESTED, "", reason)
