"""MetalLB, the load balancer of clusters that the harness creates: the addresses that it assigns to Services."""

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
    """A load balancer that assigns addresses to Services of its class."""

    lb_class = LB_CLASS

    def __init__(self, kube: Kube, shell: NodeShell, pools: Pools) -> None:
        self._kube = kube
        self._shell = shell
        self._pools = pools

    @property
    def reserved(self) -> tuple[str, ...]:
        """Return the addresses that only Services which ask for them get."""
        return tuple(map(str, self._pools.reserved))

    @property
    def automatic(self) -> tuple[str, ...]:
        """Return the addresses that Services which ask for none may get."""
        return tuple(map(str, self._pools.automatic))

    def ask_for_address(self, web: ServiceHandle, address: str | None = None, **fields: Any) -> None:
        """Change a Service to type LoadBalancer, which asks for any address, or for this one."""
        annotations = {} if address is None else {ADDRESSES_ANNOTATION: address}
        spec = {"type": "LoadBalancer", "loadBalancerClass": self.lb_class, **fields}
        self._kube.merge(_path(web), {"metadata": {"annotations": annotations}, "spec": spec})

    def expose(self, web: ServiceHandle, address: str | None = None, **fields: Any) -> str:
        """Call `ask_for_address`, wait until the Service's status has an address, and return that address."""
        self.ask_for_address(web, address, **fields)
        return self.wait_address(web)

    def withdraw(self, web: ServiceHandle) -> None:
        """Delete the Service, which releases its address.

        Changing its type instead would not release it: the Service would also lose its class, and MetalLB would ignore
        it from then on.
        """
        self._kube.request("DELETE", _path(web))

    def wait_address(self, web: ServiceHandle) -> str:
        """Wait until the Service's status has an address and return it."""
        address = self.observe_address(web).require()
        assert address is not None
        return address

    def observe_address(self, web: ServiceHandle) -> Observation[str | None]:
        """Observe whether the Service's status has an address within `DEADLINE_S`, and which."""
        return observe_within(
            f"an address for Service {web.namespace}/{web.name} of cluster {self._kube.cluster.name}",
            lambda: self.address_of(web),
            lambda address: address is not None,
            within_s=DEADLINE_S,
        )

    def address_of(self, web: ServiceHandle) -> str | None:
        """Return the address in the Service's status now, or None."""
        return given_address(self._kube.get(_path(web)))

    def announcer(self, outside: OutsideClient, address: str) -> Node | None:
        """Return the node that has answered ARP requests of `outside` for `address`, or None if none has."""
        link_layer_address = outside.neighbour(address)
        nodes = self._kube.cluster.nodes
        return next((node for node in nodes if self._uplink_address(node) == link_layer_address), None)

    def _uplink_address(self, node: Node) -> str:
        return self._shell.run(node, "cat", f"/sys/class/net/{UPLINK}/address").strip()


def _path(web: ServiceHandle) -> str:
    return f"/api/v1/namespaces/{web.namespace}/services/{web.name}"
