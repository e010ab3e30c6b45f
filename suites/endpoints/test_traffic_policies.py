"""internalTrafficPolicy and externalTrafficPolicy: with Local, connections stay on the node where they arrive."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from harness.dataplane.reader import Backend
from harness.dataplane.services import wait_backends
from harness.suite import (
    ClientMaker,
    Cluster,
    DataPlane,
    Kube,
    ManifestMaker,
    OutsideClient,
    Reply,
    Request,
    ServiceAddress,
    ServiceMaker,
    Waits,
    bodies,
    wait_until,
)
from suites.modes import SERVICES_IN

CONNECTIONS = 20
FEW, TIMEOUT_S = 3, 1.0
"""Number and time-out of connections that should not be answered."""

UNUSED_CLASS = "kubeproof.io/nobody"
"""A load balancer class that no load balancer serves."""


@pytest.mark.workers(2)
def test_internal_traffic_stays_on_its_node(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    create: ManifestMaker,
    make_service: ServiceMaker,
    make_client: ClientMaker,
) -> None:
    """With internalTrafficPolicy Local pods reach endpoints on their own node only.

    On a node without endpoints connections are not answered.
    """
    near, far = cluster.workers[:2]
    bare = next((node for node in cluster.nodes if node not in (near, far)), None)
    if bare is None:
        pytest.skip(f"needs 3 nodes; cluster {cluster.name} has {len(cluster.nodes)}")
    web = make_service("web", 2, node=near.name)
    create("backend.yaml", name="far", app="web", node=far.name, grace=0)
    pods = waits.wait_pods_ready(web.namespace, "app=web", 3)
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}
    web.wait_programmed(addresses.values())
    clients = {node.name: make_client(f"client-{number}", node=node) for number, node in enumerate((near, far, bare))}
    everywhere = clients[bare.name].send(Request(web.cluster_ip, 80, FEW))
    assert all(reply.ok for reply in everywhere), everywhere

    kube.merge(web.path, {"spec": {"internalTrafficPolicy": "Local"}})
    web.wait_programmed(web.pods.values(), near)
    web.wait_programmed([addresses["far"]], far)
    web.wait_programmed([], bare)

    at_near = bodies(clients[near.name].send(Request(web.cluster_ip, 80, CONNECTIONS)))
    at_far = bodies(clients[far.name].send(Request(web.cluster_ip, 80, CONNECTIONS)))
    at_bare = clients[bare.name].send(Request(web.cluster_ip, 80, FEW, timeout_s=TIMEOUT_S))
    assert (at_near.total(), set(at_near)) == (CONNECTIONS, set(web.pods)), (
        f"{CONNECTIONS} connections from {near.name} were answered by {at_near}"
    )
    assert at_far == {"far": CONNECTIONS}, f"{CONNECTIONS} connections from {far.name} were answered by {at_far}"
    assert not any(reply.ok for reply in at_bare), (
        f"node {bare.name} has no endpoint and connections from it: {at_bare}"
    )


@pytest.mark.workers(2)
def test_external_traffic_stays_on_its_node_and_keeps_its_address(
    cluster: Cluster, kube: Kube, dataplane: DataPlane, make_service: ServiceMaker, outside_client: OutsideClient
) -> None:
    """With externalTrafficPolicy Local backends see the client's own address.

    A node without a backend does not answer.
    """
    near, far = cluster.workers[:2]
    web = make_service("web", 2, node=near.name, type="NodePort")
    port = web.node_port or 0

    def callers(node: str, count: int) -> Counter[str]:
        """Return the client addresses that the backends report, with the number of answers for each."""
        replies = outside_client.send(Request(node, port, count, path="/clientip", timeout_s=TIMEOUT_S))
        return Counter(reply.body.rpartition(":")[0] for reply in replies if reply.ok)

    hidden = callers(far.address, CONNECTIONS)
    assert hidden, f"node {far.name} does not answer with the default policy"
    assert outside_client.address not in hidden, (
        f"with the default policy a backend on {near.name} saw the address of the client at {far.name}; without "
        "masquerading its reply would bypass that node"
    )

    kube.merge(web.path, {"spec": {"externalTrafficPolicy": "Local"}})
    wait_until(
        f"{outside_client.address} seen by the backends on {near.name}",
        lambda: callers(near.address, 1),
        lambda seen: set(seen) == {outside_client.address},
        deadline_s=60.0,
    )
    wait_until(f"node {far.name} silent", lambda: callers(far.address, 1), lambda seen: not seen, deadline_s=60.0)
    seen, at_far = callers(near.address, CONNECTIONS), callers(far.address, FEW)
    expected = {outside_client.address: CONNECTIONS}
    assert seen == expected, f"client addresses that backends on {near.name} saw in {CONNECTIONS} connections: {seen}"
    assert not at_far, f"node {far.name} has no endpoint and answered: {at_far}"
    kernel = wait_backends(
        dataplane, near, ServiceAddress(near.address, port), frozenset(Backend(pod, 8080) for pod in web.pods.values())
    )
    elsewhere = dataplane.service(far, ServiceAddress(far.address, port))
    remote = kernel.backends if SERVICES_IN[cluster.mode].keeps_remote_endpoints else frozenset()
    assert elsewhere.backends == remote, elsewhere


@pytest.mark.workers(2)
def test_a_balancer_learns_which_nodes_have_endpoints(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, outside_client: OutsideClient
) -> None:
    """healthCheckNodePort returns the number of ready endpoints on the node, with status 503 if there are none."""
    near, far = cluster.workers[:2]
    fields: dict[str, Any] = {
        "type": "LoadBalancer",
        "loadBalancerClass": UNUSED_CLASS,
        "externalTrafficPolicy": "Local",
    }
    web = make_service("web", 2, node=near.name, switchable=True, **fields)
    port = kube.get(web.path)["spec"]["healthCheckNodePort"]

    def wait_health(address: str, status: int, endpoints: int) -> None:
        wait_until(
            f"port {port} of {address} answering {status} for {endpoints} local endpoints",
            lambda: outside_client.send(Request(address, port, path="/"))[0],
            lambda reply: health_of(reply) == ServiceHealth(status, f"{web.namespace}/{web.name}", endpoints),
            deadline_s=60.0,
        )

    wait_health(near.address, 200, 2)
    wait_health(far.address, 503, 0)
    first, second = web.pods
    web.set_ready(first, False)
    wait_health(near.address, 200, 1)
    web.set_ready(second, False)
    wait_health(near.address, 503, 0)
    web.set_ready(second, True)
    wait_health(near.address, 200, 1)


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A node's answer on a healthCheckNodePort: HTTP status, Service and number of its ready endpoints on the node.

    https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/healthcheck/service_health.go
    """

    status: int
    service: str
    local_endpoints: int


def health_of(reply: Reply) -> ServiceHealth | None:
    """Parse an answer of a healthCheckNodePort. None if it is not one."""
    if reply.status is None:
        return None
    try:
        answer = json.loads(reply.body)
        service = answer["service"]
        return ServiceHealth(reply.status, f"{service['namespace']}/{service['name']}", answer["localEndpoints"])
    except (ValueError, KeyError, TypeError):
        return None
