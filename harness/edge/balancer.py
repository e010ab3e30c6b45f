"""The external load balancer of a cluster of ours, MetalLB: addresses that it gives to Services."""

from __future__ import annotations

from typing import Any

from clusters.addons.guard import UPLINK
from clusters.addons.metallb import ADDRESSES_ANNOTATION, LB_CLASS, Pools, given_address
from clusters.cluster import Node
from harness.dataplane.services import ServiceHandle
from harness.kube.client import Kube
from harness.kube.nodes.shell import NodeShell
from harness.kube.observe import Observation, observe_within
from harness.traffic.outside import OutsideClient

DEADLINE_S = 60.0


class LoadBalancer:
    """Gives addresses to Services of its class. `reserved` are given to nobody who does not ask for them."""

    lb_class = LB_CLASS

    def __init__(self, kube: Kube, shell: NodeShell, pools: Pools) -> None:
        self._kube = kube
        self._shell = shell
        self._pools = pools

    @property
    def reserved(self) -> tuple[str, ...]:
        return tuple(map(str, self._pools.reserved))

    @property
    def automatic(self) -> tuple[str, ...]:
        """What a Service gets that asks for no address."""
        return tuple(map(str, self._pools.automatic))

    def ask_for_address(self, web: ServiceHandle, address: str | None = None, **fields: Any) -> None:
        """Make a Service one of type LoadBalancer that waits for an address, or for this one."""
        asked = {} if address is None else {ADDRESSES_ANNOTATION: address}
        spec = {"type": "LoadBalancer", "loadBalancerClass": self.lb_class, **fields}
        self._kube.merge(_path(web), {"metadata": {"annotations": asked}, "spec": spec})

    def expose(self, web: ServiceHandle, address: str | None = None, **fields: Any) -> str:
        """As `ask_for_address`, and wait; the address that the Service's status has then."""
        self.ask_for_address(web, address, **fields)
        return self.wait_address(web)

    def withdraw(self, web: ServiceHandle) -> None:
        """Delete the Service, whose address is free then.

        One that changes its type loses its class as well, and so MetalLB does not look at it again.
        """
        self._kube.request("DELETE", _path(web))

    def wait_address(self, web: ServiceHandle) -> str:
        """The Service's status has an address."""
        given = self.observe_address(web).require()
        assert given is not None
        return given

    def observe_address(self, web: ServiceHandle) -> Observation[str | None]:
        """Whether the Service's status comes to have an address within a minute of an ordinary host, and which."""
        return observe_within(
            f"an address for Service {web.namespace}/{web.name} of cluster {self._kube.cluster.name}",
            lambda: self.address_of(web),
            lambda address: address is not None,
            within_s=DEADLINE_S,
        )

    def address_of(self, web: ServiceHandle) -> str | None:
        """The address in the Service's status right now."""
        return given_address(self._kube.get(_path(web)))

    def announcer(self, outside: OutsideClient, address: str) -> Node | None:
        """The node that has answered `outside` for `address`, None if none has."""
        seen = outside.neighbour(address)
        nodes = self._kube.cluster.nodes
        return next((node for node in nodes if self._uplink_address(node) == seen), None)

    def _uplink_address(self, node: Node) -> str:
        return self._shell.run(node, "cat", f"/sys/class/net/{UPLINK}/address").strip()


def _path(web: ServiceHandle) -> str:
    return f"/api/v1/namespaces/{web.namespace}/services/{web.name}"
