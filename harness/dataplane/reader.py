"""One question, three kernels: what does this node's data plane hold for a Service?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from clusters.cluster import Node


@dataclass(frozen=True, slots=True, order=True)
class Backend:
    """Where the kernel may send a connection: an endpoint's address and port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service's front: the virtual address (or node address), port and protocol ("TCP", "UDP", "SCTP")."""

    address: str
    port: int
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What one node's kernel holds for one front.

    `present` is False when the kernel does not know it. `affinity_s` is the ClientIP time-out or None.
    """

    present: bool
    backends: frozenset[Backend]
    affinity_s: int | None = None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """The size of everything kube-proxy put into one node's kernel.

    `rules`: netfilter rules; `sets`: ipsets or nft sets and maps, name to number of members.
    """

    rules: int
    sets: dict[str, int]


class DataPlane(Protocol):
    """One reader a mode. Every answer is read anew from the kernel of `node`."""

    def service(self, node: Node, service_address: ServiceAddress) -> ServiceState:
        """What the kernel holds for `service_address` right now."""

    def packets(self, node: Node, service_address: ServiceAddress) -> int | None:
        """The packets that the rules of `service_address` have counted so far; None where the mode keeps no counter."""

    def missing(self, node: Node, wanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        """Those of `wanted` (ClusterIPs, external or LoadBalancer addresses) that lead to no backend.

        kube-proxy in ipvs mode writes a front to several places, one after the other, and it is missing until
        it is in all of them. Where that is cheap to see, no more is read: a node that answers us programs nothing.
        """

    def left(self, node: Node, unwanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        """Those of `unwanted` that the kernel still has in any place."""

    def rules_walked(self, node: Node) -> Mapping[ServiceAddress, int]:
        """For each front the rules that a new connection to it walks before it reaches its own.

        Empty in modes that find a front by a look-up.
        """

    def rule_count(self, node: Node) -> RuleCount:
        """How much there is in all."""

    def rules_text(self, node: Node) -> str:
        """All of the proxy's rules in the mode's own form, counters and comments of time left out.

        Two calls with no change between them give equal text.
        """

    def mentions(self, node: Node, address: str) -> bool:
        """True if anything that kube-proxy keeps on the node names `address`, as front or as backend."""

    def conntrack(self, node: Node, address: str) -> tuple[str, ...]:
        """The node's connection tracking entries in which `address` takes part, one line each."""
