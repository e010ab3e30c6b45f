"""What experiments on images decide: a function for each observation that bears on a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.suite import Asked, Decision, conditional, confirmed, refuted

NOTHING = Asked()
BLOBS = 2
"""What a whole image of ours is downloaded as: its one layer and its configuration."""

RESOLVED_ONLY = (
    "with Always the kubelet has the registry resolve the tag at every start, and downloads only what the node lacks"
)


@dataclass(frozen=True, slots=True)
class Pulls:
    """What a registry was asked when one node started pods of the same image in turn.

    `never` is about an image that the node lacked and about one that it had; `never_runs` says that the second ran, and
    `never_refuses` that the first did not.
    """

    always: Sequence[Asked]
    if_not_present: Sequence[Asked]
    never: Sequence[Asked]
    never_runs: bool
    never_refuses: bool


def decide_pulls(seen: Pulls) -> Decision:
    """20.1: Always pulls at every start, IfNotPresent if the image is missing, Never never."""
    evidence = (
        f"What pods started in turn on one node asked a registry for. With Always: {_in_turn(seen.always)}. With "
        f"IfNotPresent: {_in_turn(seen.if_not_present)}. With Never: {_in_turn(seen.never)}; the pod whose image the "
        f"node had {'ran' if seen.never_runs else 'did not run'}, the pod whose image it lacked "
        f"{'did not start' if seen.never_refuses else 'was not refused'}."
    )
    first, *later = seen.if_not_present
    if (
        NOTHING in seen.always
        or first == NOTHING
        or any(asked != NOTHING for asked in (*later, *seen.never))
        or not (seen.never_runs and seen.never_refuses)
    ):
        return refuted(evidence)
    if all(asked.blobs >= BLOBS for asked in seen.always):
        return confirmed(evidence)
    return conditional(RESOLVED_ONLY, evidence)


def decide_restarts(starts: Mapping[str, int], asked: Mapping[str, Asked]) -> Decision:
    """20.1: the same of containers that are restarted within their pod, of an image that the node has. By policy."""
    evidence = (
        f"Within one pod, of an image that the node had, {starts['Always']} starts of a container with Always asked "
        f"the registry for {asked['Always']}, {starts['IfNotPresent']} starts with IfNotPresent for "
        f"{asked['IfNotPresent']}."
    )
    if asked["Always"].checks < starts["Always"] or asked["IfNotPresent"] != NOTHING:
        return refuted(evidence)
    if asked["Always"].blobs >= BLOBS * starts["Always"]:
        return confirmed(evidence)
    return conditional(RESOLVED_ONLY, evidence)


def decide_moved_tag(always_ran_new: bool, if_not_present_ran_old: bool) -> Decision:
    """20.1: which image pods run after a tag has been moved to other content."""
    evidence = (
        "After a tag had been moved to other content, the next pod with Always ran the "
        f"{'new' if always_ran_new else 'old'} image, the next pod with IfNotPresent the "
        f"{'old' if if_not_present_ran_old else 'new'} one."
    )
    return confirmed(evidence) if always_ran_new and if_not_present_ran_old else refuted(evidence)


def decide_without_registry(refusal: str) -> Decision:
    """20.1: whether a pod with Always starts without its registry, of an image that the node has. `refusal` says why
    it does not, and is empty if it does."""
    evidence = (
        "With the registry gone and the image on the node, pods with IfNotPresent and Never ran; the one with Always "
    )
    return confirmed(f"{evidence}did not ({refusal}).") if refusal else refuted(f"{evidence}ran as well.")


def _in_turn(starts: Sequence[Asked]) -> str:
    return "; ".join(map(str, starts))
