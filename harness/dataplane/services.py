"""A Service with its backends, made and waited for in one sentence: ready in the API and in every kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from clusters.cluster import Cluster, Node
from harness.dataplane.reader import Backend, DataPlane, ServiceAddress, ServiceState
from harness.kube.client import Kube
from harness.kube.objects.workloads import HTTP_PORT, NOT_READY_FILE, backends, service
from harness.kube.observe import Observation, observe_within
from harness.kube.wait import Waits, wait_until

PROGRAMMED_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class ServiceHandle:
    """A Service and its backends: `pods` maps pod names, which are what backends answer, to addresses."""

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
        """The ClusterIP's HTTP port."""
        return ServiceAddress(self.cluster_ip, 80)

    @property
    def path(self) -> str:
        """Where the API server keeps the Service."""
        return service_path(self.namespace, self.name)

    @property
    def dns_name(self) -> str:
        return f"{self.name}.{self.namespace}.svc.cluster.local"

    def set_ready(self, pod: str, ready: bool) -> None:
        """Make the readiness probe of a backend that was made `switchable` succeed or fail; returns at once."""
        argv = ("rm", "-f", NOT_READY_FILE) if ready else ("touch", NOT_READY_FILE)
        done = self.kube.exec(self.namespace, pod, argv)
        assert done.exit_code == 0, f"{argv} in {self.namespace}/{pod} ended with {done.exit_code}: {done.stderr}"

    def add_services(self, *names: str, **fields: Any) -> tuple[ServiceAddress, ...]:
        """Put more Services before the same backends, and wait until every node's kernel has them."""
        self.kube.create(self.namespace, *(service(name, self.name, **fields) for name in names))
        found = [self.kube.get(service_path(self.namespace, name)) for name in names]
        service_addresses = tuple(ServiceAddress(made["spec"]["clusterIP"], 80) for made in found)
        self.wait_service_addresses(*service_addresses, present=True)
        return service_addresses

    def remove_services(self, service_addresses: Mapping[str, ServiceAddress]) -> None:
        """Delete Services that `add_services` made, by name, and wait until no node's kernel has them."""
        for name in service_addresses:
            self.kube.request("DELETE", service_path(self.namespace, name))
        self.wait_service_addresses(*service_addresses.values(), present=False)

    def wait_service_addresses(self, *service_addresses: ServiceAddress, present: bool) -> None:
        """Every node's kernel leads these fronts (no node ports) to backends, or has forgotten them."""
        wrong = self.dataplane.missing if present else self.dataplane.left
        for node in self.kube.cluster.nodes:
            wait_until(
                f"{len(service_addresses)} service addresses {'in' if present else 'gone from'} the kernel of node {node.name}",
                lambda node=node: wrong(node, frozenset(service_addresses)),  # type: ignore[misc]
                lambda found: not found,
                deadline_s=PROGRAMMED_DEADLINE_S,
            )

    def observe_front(self, service_address: ServiceAddress) -> dict[str, Observation[frozenset[ServiceAddress]]]:
        """By node: whether its kernel comes to lead this service address to backends within `PROGRAMMED_DEADLINE_S`."""
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
        """The kernel of each of these nodes (of every node, if none is named) sends new connections to exactly these
        pod addresses."""
        wanted = frozenset(Backend(address, HTTP_PORT) for address in addresses)
        for node in nodes or self.kube.cluster.nodes:
            wait_backends(self.dataplane, node, self.service_address, wanted)

    def observe_programmed(self, addresses: Iterable[str]) -> dict[str, Observation[ServiceState]]:
        """By node: whether its kernel comes to send new connections to exactly these pod addresses in time."""
        wanted = frozenset(Backend(address, HTTP_PORT) for address in addresses)
        nodes = self.kube.cluster.nodes
        return {node.name: observe_front(self.dataplane, node, self.service_address, wanted) for node in nodes}


def service_path(namespace: str, name: str) -> str:
    """Where the API server keeps a Service."""
    return f"/api/v1/namespaces/{namespace}/services/{name}"


def wait_backends(
    dataplane: DataPlane, node: Node, service_address: ServiceAddress, backends: frozenset[Backend]
) -> ServiceState:
    """The node's kernel sends new connections to `service_address` to exactly these backends; what it holds then."""
    return observe_front(dataplane, node, service_address, backends).require()


def observe_front(
    dataplane: DataPlane, node: Node, service_address: ServiceAddress, backends: frozenset[Backend]
) -> Observation[ServiceState]:
    """As `wait_backends`, where other backends are an observation as well."""
    return observe_within(
        f"{service_address} on node {node.name} with {len(backends)} backends in the kernel",
        lambda: dataplane.service(node, service_address),
        lambda state: state.backends == backends,
        describe=lambda state: f"{state}, expected {sorted(backends)}",
        within_s=PROGRAMMED_DEADLINE_S,
    )


class ServiceMaker(Protocol):
    """Makes a Service `name` with `replicas` backends, all on `node` if one is named; `fields` go into its spec.

    The readiness of `switchable` backends is the case's to set.
    """

    def __call__(
        self, name: str, replicas: int = 3, *, node: str | None = None, switchable: bool = False, **fields: Any
    ) -> ServiceHandle: ...


def service_maker(kube: Kube, waits: Waits, dataplane: DataPlane, namespace: str) -> ServiceMaker:
    """The maker of one case's namespace."""
    cluster: Cluster = kube.cluster

    def make(
        name: str, replicas: int = 3, *, node: str | None = None, switchable: bool = False, **fields: Any
    ) -> ServiceHandle:
        servers = backends(cluster.images, name, replicas, node=node, switchable=switchable)
        kube.create(namespace, servers, service(name, name, **fields))
        pods = waits.wait_pods_ready(namespace, f"app={name}", replicas)
        waits.wait_endpoints(namespace, name, replicas)
        made = kube.get(service_path(namespace, name))["spec"]
        handle = ServiceHandle(
            kube,
            waits,
            dataplane,
            namespace,
            name,
            cluster_ip=made["clusterIP"],
            node_port=made["ports"][0].get("nodePort"),
            pods={pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods},
        )
        if handle.cluster_ip != "None":
            handle.wait_programmed(handle.pods.values())
        return handle

    return make
