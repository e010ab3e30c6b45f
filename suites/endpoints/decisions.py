"""The decision on the claim about readiness, from what a case observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, refuted, untested

LINGER_S = 10.0
"""The longest time in seconds for which nodes may send connections to a pod that has left its EndpointSlice.

Ten times the 1 s that kube-proxy waits between two syncs (minSyncPeriod).
"""


@dataclass(frozen=True, slots=True)
class PodLeaving:
    """A pod whose readiness probe began to fail while a client sent requests to its Service.

    Times are in seconds after that moment: when its EndpointSlices and the kernels were last read, and when the last
    request reached the pod. `left_api`: its EndpointSlices no longer listed it as ready when last read. `kept_by`: the
    nodes whose kernel still sent connections to it, with the seconds for which that kernel was observed. `late` counts
    requests that reached the pod after it had left the kernels of all nodes.
    """

    left_api: bool
    read_api_s: float
    last_reached_s: float
    reached: int
    late: int
    kernels: int
    read_kernels_s: float
    kept_by: Mapping[str, float]
    restarts: int


def decide_readiness(seen: PodLeaving) -> Decision:
    """7.2: a failing readiness probe takes the pod out of the Service's endpoints."""
    if seen.restarts:
        return untested(f"the container restarted {seen.restarts} times, which by itself makes a pod unready")
    if not seen.left_api:
        return refuted(
            f"The EndpointSlice still listed the pod as ready {seen.read_api_s:.1f} s after its readiness probe began "
            "to fail."
        )
    evidence = (
        f"The pod left its EndpointSlice {seen.read_api_s:.1f} s after its readiness probe began to fail. "
        + (
            f"The kernels of {', '.join(seen.kept_by)} still sent connections to it {min(seen.kept_by.values()):.0f} s "
            "later"
            if seen.kept_by
            else f"It had left the kernels of all {seen.kernels} nodes after {seen.read_kernels_s:.1f} s"
        )
        + f". The last of {seen.reached} requests reached it after {seen.last_reached_s:.1f} s"
        + ("" if seen.kept_by else f", {seen.late} of them after it had left every kernel")
        + ". Its container was not restarted."
    )
    if seen.kept_by:
        return conditional(
            f"in the API only: kube-proxy on {', '.join(seen.kept_by)} still sends connections to it", evidence
        )
    if seen.late:
        return conditional("in EndpointSlices and kernels only: connections still reach it afterwards", evidence)
    lingered_s = seen.last_reached_s - seen.read_api_s
    if lingered_s > LINGER_S:
        return conditional(f"in the API first: connections reach it for another {lingered_s:.0f} s", evidence)
    return confirmed(evidence)
