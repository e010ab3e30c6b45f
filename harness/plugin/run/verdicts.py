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

    def add(self, case: CaseResult, spoken: Iterable[RecordedVerdict]) -> None:
        """Take a case that has ended, and the verdicts that it recorded."""
        spoken = tuple(spoken)
        counted = [said for said in spoken if _counts(case, said)]
        self._counted += counted
        for claim in (set(case.claims) | self._named_for(case)) - {said.claim for said in counted}:
            reason = _reason(case, next((said for said in spoken if said.claim == claim), None))
            # One reason a case is enough, however often it was repeated.
            self._undecided.setdefault(claim, {}).setdefault(repeated_case(case.id), reason)

    def combined(self) -> tuple[ClaimResult, ...]:
        """One result a claim."""
        undecided = {claim: tuple(reasons.values()) for claim, reasons in self._undecided.items()}
        return combine(self.claims, self._counted, undecided)

    def _named_for(self, case: CaseResult) -> set[str]:
        """The claims whose entry names the case: a worker that crashed cannot tell the case's marker."""
        return {claim.id for claim in self.claims if case.id.partition("[")[0] in claim.cases}


def _counts(case: CaseResult, said: RecordedVerdict) -> bool:
    """A skipped case may say that the claim does not concern it; only a case that passed may say more."""
    allowed = case.outcome is Outcome.SKIPPED and said.verdict is Verdict.UNTESTED
    return case.outcome is Outcome.PASSED or allowed


def _reason(case: CaseResult, said: RecordedVerdict | None) -> str:
    """Why the case leaves the claim undecided; `said` is the verdict that it had recorded, if any."""
    ended = f"{repeated_case(case.id).rpartition('::')[2]} {ENDED[case.outcome]}"
    if case.outcome is Outcome.PASSED:
        return f"{ended} and gave no verdict"
    withdrawn = "" if said is None else f", so its verdict ({said.verdict}) does not count"
    observed = "" if said is None or not said.evidence else f"; it had observed: {said.evidence}"
    first_line, _, _ = case.reason.partition("\n")
    return f"{ended}{withdrawn}: {first_line}{observed}"
