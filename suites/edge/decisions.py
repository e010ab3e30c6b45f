"""Decisions on the claims about the cluster's edge: one function for each claim, from what a case observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, list_of, refuted


@dataclass(frozen=True, slots=True)
class BalancerAddress:
    """The address of a Service of type LoadBalancer that requests no particular address.

    `address` is the one in its status (None: none after `waited_s` seconds). `of_balancer`: it is from the load
    balancer's own range. `unprogrammed` are the nodes whose kernel does not lead it to backends. `announcer` is the
    node that answered ARP requests for it. `answered` counts connections from outside, of `connections`, that reached
    a backend.
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
            f"{seen.waited_s:.0f} s after the Service was changed to type LoadBalancer, its status had no address."
        )
    evidence = (
        f"MetalLB wrote {seen.address} into the Service's status. The kernels of "
        f"{seen.nodes - len(seen.unprogrammed)} of {seen.nodes} nodes lead it to backends. Outside the cluster "
        f"{seen.announcer or 'no node'} answered ARP requests for it, and {seen.answered} of {seen.connections} "
        "connections reached a backend."
    )
    if not seen.of_balancer:
        return refuted(f"{evidence} The address is not in the range that MetalLB assigns.")
    if seen.unprogrammed:
        return conditional(f"{', '.join(seen.unprogrammed)} does not lead the address to backends", evidence)
    if seen.answered < seen.connections:
        return conditional("the status has the address, but connections to it from outside are lost", evidence)
    return confirmed(evidence)


def decide_ways_open(before: Mapping[str, bool], after: Mapping[str, bool]) -> Decision:
    """18.2: hostPort, NodePort and LoadBalancer each open a way in for clients outside the cluster.

    For each way: `before`, whether a client outside the cluster was answered before the way was set up, and `after`,
    whether the right pods answered it afterwards.
    """
    opened = [way for way in after if after[way] and not before[way]]
    evidence = (
        "From outside the cluster, before each way was set up: "
        f"{list_of({way: _answered(ok) for way, ok in before.items()})}. Afterwards: "
        f"{list_of({way: _answered(ok) for way, ok in after.items()})}."
    )
    if len(opened) == len(after):
        return confirmed(evidence)
    if not opened:
        return refuted(evidence)
    rest = [way for way in after if way not in opened]
    return conditional(f"{' and '.join(opened)} opened a way in, {' and '.join(rest)} did not", evidence)


def _answered(ok: bool) -> str:
    return "answered" if ok else "no answer"
