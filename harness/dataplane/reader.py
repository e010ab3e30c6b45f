"""The interface of the data plane readers, one per mode: what a node's kernel holds for a Service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from clusters.cluster import Node


@dataclass(frozen=True, slots=True, order=True)
class Backend:
    """An endpoint to which the kernel may send a connection: its address and port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service address: virtual IP (or node address), port and protocol ("TCP", "UDP", "SCTP")."""

    address: str
    port: int
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The state of one service address in one node's kernel.

    `present` is False if no virtual server, rule or map entry leads to the Service. `affinity_s` is the time-out of
    session affinity by client IP, or None.
    """

    present: bool
    backends: frozenset[Backend]
    affinity_s: int | None = None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """The size of everything that kube-proxy has written to one node's kernel.

    `rules` is the number of netfilter rules; `sets` maps the names of ipsets, or of nft sets and maps, to their
    numbers of members.
    """

    rules: int
    sets: dict[str, int]


class DataPlane(Protocol):
    """A reader of the data plane of one mode. Each call reads the current state from the kernel of `node`."""

    def service(self, node: Node, service_address: ServiceAddress) -> ServiceState:
        """Return the current state of `service_address` in the kernel."""

    def packets(self, node: Node, service_address: ServiceAddress) -> int | None:
        """Return the packet counter of `service_address`, or None if it is absent or the mode keeps no counters."""

    def missing(self, node: Node, wanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        """Return those of `wanted` (ClusterIPs, external or LoadBalancer addresses) that lead to no backend.

        kube-proxy in ipvs mode writes a service address to several places, one after the other; it counts as missing
        until it is in all of them. If the place that is cheapest to read already shows that one is missing, the others
        are not read, because a node cannot program rules while it is busy with these reads.
        """

    def left(self, node: Node, unwanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        """Return those of `unwanted` that the kernel still has in any place."""

    def rules_walked(self, node: Node) -> Mapping[ServiceAddress, int]:
        """Return, by service address, the number of rules that a new connection traverses before it matches.

        Empty in modes that find a service address by a look-up.
        """

    def rule_count(self, node: Node) -> RuleCount:
        """Return the size of everything that kube-proxy has written to the kernel."""

    def rules_text(self, node: Node) -> str:
        """Return all of kube-proxy's rules in the mode's own format, without counters and timestamps.

        Two calls return the same text if nothing has changed between them.
        """

    def mentions(self, node: Node, address: str) -> bool:
        """Return whether anything that kube-proxy keeps on the node contains `address`, as service or as backend."""

    def conntrack(self, node: Node, address: str) -> tuple[str, ...]:
        """Return the node's connection tracking entries that contain `address`, one line per entry."""
