"""Services with backends: created in one call, which returns when the API and every node's kernel have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from clusters.cluster import Cluster, Node
from clusters.host.clock import Clock
from harness.dataplane.reader import Backend, DataPlane, ServiceAddress, ServiceState
from harness.kube.client import Kube
from harness.kube.objects.workloads import HTTP_PORT, NOT_READY_FILE, backends, service
from harness.kube.observe import Observation, observe_within
from harness.kube.wait import Waits, wait_until

PROGRAMMED_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class ServiceHandle:
    """A Service and its backends: `pods` maps the backends' pod names, with which they answer, to their addresses."""

    kube: Kube
    waits: Waits
    dataplane: DataPlane
    namespace: str
    name: str
    cluster_ip: str
    node_port: int | None
    pods: dict[str, str]

    @property
    def service_address(self) -> ServiceAddress:
        """Return the service address of the ClusterIP's HTTP port."""
        return ServiceAddress(self.cluster_ip, 80)

    @property
    def path(self) -> str:
        """Return the Service's path on the API server."""
        return service_path(self.namespace, self.name)

    @property
    def dns_name(self) -> str:
        return f"{self.name}.{self.namespace}.svc.cluster.local"

    def set_ready(self, pod: str, ready: bool) -> None:
        """Make the readiness probe of a `switchable` backend succeed or fail. Does not wait for the probe."""
        argv = ("rm", "-f", NOT_READY_FILE) if ready else ("touch", NOT_READY_FILE)
        done = self.kube.exec(self.namespace, pod, argv)
        assert done.exit_code == 0, f"{argv} in {self.namespace}/{pod} ended with {done.exit_code}: {done.stderr}"

    def add_services(self, *names: str, **fields: Any) -> tuple[ServiceAddress, ...]:
        """Create more Services for the same backends, and wait until every node's kernel has them."""
        self.kube.create(self.namespace, *(service(name, self.name, **fields) for name in names))
        created = [self.kube.get(service_path(self.namespace, name)) for name in names]
        service_addresses = tuple(ServiceAddress(found["spec"]["clusterIP"], 80) for found in created)
        self.wait_service_addresses(*service_addresses, present=True)
        return service_addresses

    def remove_services(self, service_addresses: Mapping[str, ServiceAddress]) -> None:
        """Delete Services that `add_services` created, by name, and wait until no node's kernel has them."""
        for name in service_addresses:
            self.kube.request("DELETE", service_path(self.namespace, name))
        self.wait_service_addresses(*service_addresses.values(), present=False)

    def wait_service_addresses(self, *service_addresses: ServiceAddress, present: bool) -> None:
        """Wait until every node's kernel leads these service addresses to backends, or no longer has them.

        Node ports are not supported.
        """
        wrong = self.dataplane.missing if present else self.dataplane.left
        for node in self.kube.cluster.nodes:
            wait_until(
                f"{len(service_addresses)} service addresses {'in' if present else 'gone from'} "
                f"the kernel of node {node.name}",
                lambda node=node: wrong(node, frozenset(service_addresses)),  # type: ignore[misc]
                lambda found: not found,
                deadline_s=PROGRAMMED_DEADLINE_S,
            )

    def observe_service_address(
        self, service_address: ServiceAddress
    ) -> dict[str, Observation[frozenset[ServiceAddress]]]:
        """Observe, by node, whether its kernel leads this service address to backends in time."""
        return {
            node.name: observe_within(
                f"{service_address} in the kernel of node {node.name}",
                lambda node=node: self.dataplane.missing(node, frozenset({service_address})),  # type: ignore[misc]
                lambda missing: not missing,
                within_s=PROGRAMMED_DEADLINE_S,
            )
            for node in self.kube.cluster.nodes
        }

    def wait_programmed(self, addresses: Iterable[str], *nodes: Node) -> None:
        """Wait until the kernel of each of these nodes sends new connections to exactly these pod addresses.

        Waits for all nodes of the cluster if none is named.
        """
        wanted = frozenset(Backend(address, HTTP_PORT) for address in addresses)
        for node in nodes or self.kube.cluster.nodes:
            wait_backends(self.dataplane, node, self.service_address, wanted)

    def wait_node_ports(self, spec: Mapping[str, Any]) -> None:
        """Wait until every node's kernel has all node ports of the Service, whose spec is given.

        kube-proxy in ipvs mode writes them later than the ClusterIP. With externalTrafficPolicy Local a node without
        an endpoint may never have them, so nothing is waited for.
        """
        if spec.get("externalTrafficPolicy") == "Local":
            return
        for port in (port for port in spec["ports"] if "nodePort" in port):
            for node in self.kube.cluster.nodes:
                at_node = ServiceAddress(node.address, port["nodePort"], port["protocol"])
                wait_until(
                    f"node port {at_node.port}/{at_node.protocol} in the kernel of node {node.name}",
                    lambda node=node, at_node=at_node: self.dataplane.service(node, at_node),  # type: ignore[misc]
                    lambda state: state.present,
                    deadline_s=PROGRAMMED_DEADLINE_S,
                )

    def observe_programmed(self, addresses: Iterable[str]) -> dict[str, Observation[ServiceState]]:
        """Observe, by node, whether its kernel sends new connections to exactly these pod addresses in time."""
        wanted = frozenset(Backend(address, HTTP_PORT) for address in addresses)
        nodes = self.kube.cluster.nodes
        return {node.name: observe_backends(self.dataplane, node, self.service_address, wanted) for node in nodes}


def service_path(namespace: str, name: str) -> str:
    """Return a Service's path on the API server."""
    return f"/api/v1/namespaces/{namespace}/services/{name}"


def wait_backends(
    dataplane: DataPlane,
    node: Node,
    service_address: ServiceAddress,
    backends: frozenset[Backend],
    deadline_s: float = PROGRAMMED_DEADLINE_S,
    clock: Clock | None = None,
) -> ServiceState:
    """Wait until the node's kernel sends new connections for `service_address` to exactly these backends.

    Returns the state in the kernel. Raises `DeadlinePassed`.
    """
    return observe_backends(dataplane, node, service_address, backends, deadline_s, clock).require()


def observe_backends(
    dataplane: DataPlane,
    node: Node,
    service_address: ServiceAddress,
    backends: frozenset[Backend],
    within_s: float = PROGRAMMED_DEADLINE_S,
    clock: Clock | None = None,
) -> Observation[ServiceState]:
    """Observe what `wait_backends` waits for; other backends fail only when the case requires these."""
    return observe_within(
        f"{service_address} on node {node.name} with {len(backends)} backends in the kernel",
        lambda: dataplane.service(node, service_address),
        lambda state: state.backends == backends,
        describe=lambda state: f"{state}, expected {sorted(backends)}",
        within_s=within_s,
        clock=clock,
    )


class ServiceMaker(Protocol):
    """A function that creates a Service `name` with `replicas` backends, all on `node` if one is named.

    `fields` go into the Service's spec. A case can set the readiness of `switchable` backends. With a `control`, each
    backend has a second server, to which the Service does not lead.
    """

    def __call__(
        self,
        name: str,
        replicas: int = 3,
        *,
        node: str | None = None,
        switchable: bool = False,
        control: bool = False,
        **fields: Any,
    ) -> ServiceHandle: ...


def service_maker(kube: Kube, waits: Waits, dataplane: DataPlane, namespace: str) -> ServiceMaker:
    """Return the `ServiceMaker` for the namespace of a case."""
    cluster: Cluster = kube.cluster

    def make(
        name: str,
        replicas: int = 3,
        *,
        node: str | None = None,
        switchable: bool = False,
        control: bool = False,
        **fields: Any,
    ) -> ServiceHandle:
        servers = backends(cluster.images, name, replicas, node=node, switchable=switchable, control=control)
        kube.create(namespace, servers, service(name, name, **fields))
        pods = waits.wait_pods_ready(namespace, f"app={name}", replicas)
        waits.wait_endpoints(namespace, name, replicas)
        spec = kube.get(service_path(namespace, name))["spec"]
        handle = ServiceHandle(
            kube,
            waits,
            dataplane,
            namespace,
            name,
            cluster_ip=spec["clusterIP"],
            node_port=spec["ports"][0].get("nodePort"),
            pods={pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods},
        )
        if handle.cluster_ip != "None":
            handle.wait_programmed(handle.pods.values())
            handle.wait_node_ports(spec)
        return handle

    return make
