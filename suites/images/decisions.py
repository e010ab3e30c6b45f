"""Decisions on the claims about images: one function for each kind of observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.registry.accesslog import RequestCounts
from harness.suite import Decision, conditional, confirmed, refuted

NOTHING = RequestCounts()
BLOBS = 2
"""The blobs of one complete test image: its only layer and its configuration."""

RESOLVED_ONLY = (
    "with Always the kubelet resolves the tag at the registry at every start, but downloads only what the node lacks"
)


@dataclass(frozen=True, slots=True)
class Pulls:
    """Requests to a registry while one node started pods of the same image one after the other.

    `never` has the requests for an image that the node lacked, then for one that it had. `never_runs`: the pod of the
    second ran. `never_refuses`: the pod of the first did not.
    """

    always: Sequence[RequestCounts]
    if_not_present: Sequence[RequestCounts]
    never: Sequence[RequestCounts]
    never_runs: bool
    never_refuses: bool


def decide_pulls(seen: Pulls) -> Decision:
    """20.1: Always pulls at every start, IfNotPresent if the image is missing, Never never."""
    evidence = (
        f"Requests to the registry at each start of a pod on one node, with Always: {_in_turn(seen.always)}. With "
        f"IfNotPresent: {_in_turn(seen.if_not_present)}. With Never: {_in_turn(seen.never)}; the pod whose image the "
        f"node had {'ran' if seen.never_runs else 'did not run'}, and the pod whose image it lacked "
        f"{'was refused' if seen.never_refuses else 'was not refused'}."
    )
    first, *later = seen.if_not_present
    if (
        NOTHING in seen.always
        or first == NOTHING
        or any(request_counts != NOTHING for request_counts in (*later, *seen.never))
        or not (seen.never_runs and seen.never_refuses)
    ):
        return refuted(evidence)
    if all(request_counts.blobs >= BLOBS for request_counts in seen.always):
        return confirmed(evidence)
    return conditional(RESOLVED_ONLY, evidence)


def decide_restarts(starts: Mapping[str, int], request_counts: Mapping[str, RequestCounts]) -> Decision:
    """20.1: Always pulls when a container restarts in its pod, IfNotPresent does not. The node has the image.

    `starts` and `request_counts` are, for each policy, the container's starts and the requests to the registry.
    """
    evidence = (
        f"The registry got these requests for an image that the node had: {request_counts['Always']} at "
        f"{starts['Always']} starts of a container in its pod with Always, {request_counts['IfNotPresent']} at "
        f"{starts['IfNotPresent']} starts with IfNotPresent."
    )
    if request_counts["Always"].checks < starts["Always"] or request_counts["IfNotPresent"] != NOTHING:
        return refuted(evidence)
    if request_counts["Always"].blobs >= BLOBS * starts["Always"]:
        return confirmed(evidence)
    return conditional(RESOLVED_ONLY, evidence)


def decide_moved_tag(always_ran_new: bool, if_not_present_ran_old: bool) -> Decision:
    """20.1: after a tag has moved to other content, pods with Always run the new image, with IfNotPresent the old."""
    evidence = (
        "After a tag was moved to other content, the next pod with Always ran the "
        f"{'new' if always_ran_new else 'old'} image, and the next pod with IfNotPresent ran the "
        f"{'old' if if_not_present_ran_old else 'new'} one."
    )
    return confirmed(evidence) if always_ran_new and if_not_present_ran_old else refuted(evidence)


def decide_without_registry(refusal: str) -> Decision:
    """20.1: without its registry a pod with Always does not start, although the node has the image.

    `refusal` is the reason why it did not start. Empty if it did.
    """
    evidence = (
        "With the registry stopped and the image on the node, pods with IfNotPresent and Never ran, and the pod with "
        "Always "
    )
    return confirmed(f"{evidence}did not ({refusal}).") if refusal else refuted(f"{evidence}ran too.")


def _in_turn(starts: Sequence[RequestCounts]) -> str:
    return "; ".join(map(str, starts))
