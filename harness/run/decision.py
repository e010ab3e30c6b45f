"""A decision on a claim, derived from an observation.

A suite's `decisions.py` has one function for each claim, which returns a `Decision` for an observation. The function is
pure, so a unit test can show that the claim can end in each verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """Return the decision that the observation agrees with the claim."""
    return Decision(Verdict.CONFIRMED, evidence)


def refuted(evidence: str) -> Decision:
    """Return the decision that the observation contradicts the claim."""
    return Decision(Verdict.REFUTED, evidence)


def conditional(condition: str, evidence: str) -> Decision:
    """Return the decision that the claim holds only under `condition`."""
    return Decision(Verdict.CONDITIONAL, evidence, condition)


def untested(reason: str) -> Decision:
    """Return the decision that the observation decides nothing, for `reason`."""
    return Decision(Verdict.UNTESTED, "", reason)


def list_of(figures: Mapping[str, object]) -> str:
    """Return the figures as a list for a sentence of evidence: `sick: 3, spared: 0`."""
    return ", ".join(f"{name}: {figure}" for name, figure in figures.items())
