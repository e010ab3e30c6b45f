"""In which claims do modes, or substrates, behave differently?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reports.model import ClaimResult, RunResults, Verdict
from reports.model.claims import claim_order

Where = tuple[str, str]
"""A substrate and a mode."""


def decides_claims(results: RunResults) -> bool:
    """Return whether the run has cases that decide claims."""
    return any(claim.in_run for claim in results.claims)


def difference_sentences(runs: Sequence[RunResults]) -> Iterator[str]:
    """Yield a sentence for each two modes on one substrate and for each mode on two substrates.

    Claims are compared that both decide. Later runs of the same mode and substrate replace earlier ones.
    """
    found = {(results.run.substrate, results.run.mode): _decided(results) for results in runs}
    for here, there in combinations(sorted(found), 2):
        if here[0] == there[0] or here[1] == there[1]:
            yield _sentence(here, there, found[here], found[there])


def _decided(results: RunResults) -> dict[str, ClaimResult]:
    return {claim.id: claim for claim in results.claims if claim.verdict is not Verdict.UNTESTED}


def _sentence(here: Where, there: Where, ours: dict[str, ClaimResult], theirs: dict[str, ClaimResult]) -> str:
    both = sorted(ours.keys() & theirs.keys(), key=claim_order)
    differing = [claim_id for claim_id in both if ours[claim_id].verdict is not theirs[claim_id].verdict]
    if here[0] == there[0]:
        where, names = f"On substrate {here[0]}", (f"{here[1]} mode", f"{there[1]} mode")
    else:
        where, names = f"In {here[1]} mode", (f"substrate {here[0]}", f"substrate {there[0]}")
    verdicts = "; ".join(
        f"{claim_id}, {ours[claim_id].text.rstrip('.')}: {names[0]} {ours[claim_id].verdict}, "
        f"{names[1]} {theirs[claim_id].verdict}"
        for claim_id in differing
    )
    return (
        f"{where}, claims decided for both {names[0]} and {names[1]}: {len(both)}; "
        f"with different verdicts: {verdicts or 'none'}."
    )
