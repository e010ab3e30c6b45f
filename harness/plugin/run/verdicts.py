"""Combine the verdicts of a run's cases. Only cases that passed decide a claim.

A case records its verdict before its assertions. If an assertion fails afterwards, or an environment error ends the
case, the cluster was not in the state that the experiment needs, so the verdict does not count. Because the case could
have refuted the claim, confirmations by other cases do not count either. The claim is then untested, and the reason
holds what the case had observed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.run.claims import Claim, RecordedVerdict, combine
from harness.run.flakes import repeated_case
from reports.model import CaseResult, ClaimResult, Outcome, Verdict

ENDED = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.SKIPPED: "skipped",
    Outcome.ENVIRONMENT_ERROR: "ended in an environment error",
}


@dataclass(slots=True)
class Verdicts:
    """The verdicts of the cases of one run, as far as they have ended."""

    claims: tuple[Claim, ...]
    _counted: list[RecordedVerdict] = field(default_factory=list)
    _undecided: dict[str, dict[str, str]] = field(default_factory=dict)
    """By claim: why it is undecided, by case."""

    def add(self, case: CaseResult, recorded: Iterable[RecordedVerdict]) -> None:
        """Add a case that has ended, with the verdicts that it recorded."""
        verdicts = tuple(recorded)
        counted = [found for found in verdicts if _counts(case, found)]
        self._counted += counted
        for claim in (set(case.claims) | self._named_for(case)) - {found.claim for found in counted}:
            reason = _reason(case, next((found for found in verdicts if found.claim == claim), None))
            # One reason for each case is enough, however often it was repeated.
            self._undecided.setdefault(claim, {}).setdefault(repeated_case(case.id), reason)

    def combined(self) -> tuple[ClaimResult, ...]:
        """Return one result for each claim."""
        undecided = {claim: tuple(reasons.values()) for claim, reasons in self._undecided.items()}
        return combine(self.claims, self._counted, undecided)

    def _named_for(self, case: CaseResult) -> set[str]:
        """Return the claims whose entry names the case: a crashed worker does not report the case's marker."""
        return {claim.id for claim in self.claims if case.id.partition("[")[0] in claim.cases}


def _counts(case: CaseResult, recorded: RecordedVerdict) -> bool:
    """Return True if the verdict counts: the case passed, or it was skipped and recorded `untested`."""
    allowed = case.outcome is Outcome.SKIPPED and recorded.verdict is Verdict.UNTESTED
    return case.outcome is Outcome.PASSED or allowed


def _reason(case: CaseResult, withdrawn: RecordedVerdict | None) -> str:
    """Return why the case leaves the claim undecided; `withdrawn` is the verdict that it had recorded, if any."""
    ended = f"{repeated_case(case.id).rpartition('::')[2]} {ENDED[case.outcome]}"
    if case.outcome is Outcome.PASSED:
        return f"{ended} and gave no verdict"
    verdict = "" if withdrawn is None else f", so its verdict ({withdrawn.verdict}) does not count"
    observed = "" if withdrawn is None or not withdrawn.evidence else f"; it had observed: {withdrawn.evidence}"
    first_line, _, _ = case.reason.partition("\n")
    return f"{ended}{verdict}: {first_line}{observed}"
