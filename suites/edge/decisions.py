"""What experiments at the cluster's edge decide: a function for each claim, from what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, listed, refuted


@dataclass(frozen=True, slots=True)
class BalancerAddress:
    """A Service of type LoadBalancer that asked for no address of its own.

    `address` is what its status has (None: nothing after `waited_s` seconds), `of_balancer` whether it is from the
    balancer's own range. `unprogrammed` are nodes whose kernel does not lead it to backends, `announcer` the node that
    answered for it. `answered` counts connections from outside that reached a backend.
    """

    address: str | None
    waited_s: float
    of_balancer: bool
    nodes: int
    unprogrammed: tuple[str, ...]
    announcer: str | None
    answered: int
    connections: int


def decide_balancer_address(seen: BalancerAddress) -> Decision:
    """15.3: an external balancer gives a Service of type LoadBalancer its address, and writes it into the status."""
    if seen.address is None:
        return refuted(
            f"{seen.waited_s:.0f} s after it had become one of type LoadBalancer, the Service had no address in its "
            "status."
        )
    evidence = (
        f"MetalLB wrote {seen.address} into the Service's status; the kernels of "
        f"{seen.nodes - len(seen.unprogrammed)} of {seen.nodes} nodes lead it to backends. Outside the cluster "
        f"{seen.announcer or 'no node'} answered ARP requests for it, and {seen.answered} of {seen.connections} "
        "connections from there reached a backend."
    )
    if not seen.of_balancer:
        return refuted(f"{evidence} The address is not of the range that MetalLB gives out.")
    if seen.unprogrammed:
        return conditional(f"{', '.join(seen.unprogrammed)} does not lead the address to backends", evidence)
    if seen.answered < seen.connections:
        return conditional("the status has the address, but connections to it from outside are lost", evidence)
    return confirmed(evidence)


def decide_ways_open(before: Mapping[str, bool], after: Mapping[str, bool]) -> Decision:
    """18.2: hostPort, NodePort and LoadBalancer each open a way in for clients outside the cluster.

    By way: whether a client outside the cluster was answered before it was set up, and by the right pods afterwards.
    """
    opened = [way for way in after if after[way] and not before[way]]
    evidence = (
        "From outside the cluster, before each way was set up: "
        f"{listed({way: _answered(so) for way, so in before.items()})}. Afterwards: "
        f"{listed({way: _answered(so) for way, so in after.items()})}."
    )
    if len(opened) == len(after):
        return confirmed(evidence)
    if not opened:
        return refuted(evidence)
    rest = [way for way in after if way not in opened]
    return conditional(f"{' and '.join(opened)} did, {' and '.join(rest)} did not", evidence)


def _answered(so: bool) -> str:
    return "answered" if so else "no answer"
