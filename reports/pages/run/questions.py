"""The claims of a run, under the questions that they answer."""

from __future__ import annotations

from dataclasses import dataclass

from reports.model import ClaimResult, RunResults


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the claims that answer it. Older results have no text for it."""

    number: str
    text: str
    claims: tuple[ClaimResult, ...]


def questions(results: RunResults) -> list[Question]:
    """Return the questions whose claims a case of the run could decide, in their order."""
    by_number: dict[str, list[ClaimResult]] = {}
    for claim in results.claims:
        if claim.in_run:
            by_number.setdefault(claim.id.partition(".")[0], []).append(claim)
    return [
        Question(number, next((claim.question for claim in claims if claim.question), ""), tuple(claims))
        for number, claims in by_number.items()
    ]
