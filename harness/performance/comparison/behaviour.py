"""In which claims do modes, or substrates, behave differently?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reports.model import ClaimResult, RunResults, Verdict, claim_order
from reports.model.comparison import BehaviourDifference, ComparedClaim, Place, PlacedVerdict


def decides_claims(results: RunResults) -> bool:
    """Return whether the run has cases that decide claims."""
    return any(claim.in_run for claim in results.claims)


def compared_claims(runs: Sequence[RunResults]) -> tuple[ComparedClaim, ...]:
    """Return each claim that a run could decide, with its verdict by mode and substrate.

    Later runs of the same mode and substrate replace earlier ones.
    """
    by_place = {_place(results): {claim.id: claim for claim in results.claims if claim.in_run} for results in runs}
    ids = {claim_id for claims in by_place.values() for claim_id in claims}
    return tuple(_compared(claim_id, by_place) for claim_id in sorted(ids, key=claim_order))


def _place(results: RunResults) -> Place:
    return Place(substrate=results.run.substrate, mode=results.run.mode)


def _compared(claim_id: str, by_place: dict[Place, dict[str, ClaimResult]]) -> ComparedClaim:
    found = {place: claims[claim_id] for place, claims in sorted(by_place.items()) if claim_id in claims}
    *_, newest = found.values()
    return ComparedClaim(
        id=claim_id,
        text=newest.text,
        question=newest.question,
        verdicts=tuple(PlacedVerdict(place=place, verdict=claim.verdict) for place, claim in found.items()),
    )


def behaviour_differences(claims: Sequence[ComparedClaim]) -> Iterator[BehaviourDifference]:
    """Yield the differences between each two modes on one substrate, and each mode on two substrates.

    Claims are compared that both decide.
    """
    places = sorted({found.place for claim in claims for found in claim.verdicts})
    for here, there in combinations(places, 2):
        if here.substrate == there.substrate or here.mode == there.mode:
            both = [claim for claim in claims if _decided(claim, here) and _decided(claim, there)]
            differing = tuple(claim for claim in both if claim.verdict(here) is not claim.verdict(there))
            yield BehaviourDifference(places=(here, there), compared=len(both), claims=differing)


def _decided(claim: ComparedClaim, place: Place) -> bool:
    return claim.verdict(place) not in (None, Verdict.UNTESTED)
