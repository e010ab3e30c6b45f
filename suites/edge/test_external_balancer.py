"""External load balancers in front of the nodes, and the health port by which a Service informs them."""

from dataclasses import replace

import pytest

from harness.edge.balancer import LoadBalancer
from harness.fixtures.edge import HaProxyMaker
from harness.kube.nodes.shell import NodeUplinks
from harness.suite import (
    ClaimRecorder,
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
    steady_traffic,
    wait_until,
)

CONNECTIONS = 40
"""With 40 connections and 2 backends, all reach the same backend by chance once in 550 billion times."""

PROGRAMMED_S = 60.0
SHORT_S = 1.0
SPACING_S = 0.02


@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.workers(2)
@pytest.mark.claim("21.1")
def test_balancers_inside_and_outside(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    dataplane: DataPlane,
    make_client: ClientMaker,
    make_haproxy: HaProxyMaker,
    load_balancer: LoadBalancer,
    outside_client: OutsideClient,
    uplinks: NodeUplinks,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A ClusterIP spreads connections inside the cluster, HAProxy spreads those from outside over the nodes.

    When one node is cut off, HAProxy uses the others.
    """
    create("on-every-worker.yaml", lb_class=load_balancer.lb_class)
    pods = waits.wait_pods_ready(namespace, "app=web", len(cluster.workers))
    node_of = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in pods}
    spec = kube.get(f"/api/v1/namespaces/{namespace}/services/web")["spec"]
    client = make_client("client", node=cluster.nodes[0])
    wait_until(
        f"{len(node_of)} backends of {spec['clusterIP']} in the kernel of node {client.node}",
        lambda: dataplane.service(cluster.nodes[0], ServiceAddress(spec["clusterIP"], 80)),
        lambda state: len(state.backends) == len(node_of),
        deadline_s=PROGRAMMED_S,
    )
    inside = bodies(client.send(Request(spec["clusterIP"], 80, CONNECTIONS)))

    haproxy = make_haproxy(spec["ports"][0]["nodePort"], spec["healthCheckNodePort"], cluster.workers)
    through = Request(haproxy.address, 80, CONNECTIONS, spacing_s=SPACING_S)
    outside = bodies(outside_client.send(through))
    lost, *kept = cluster.workers
    with steady_traffic(outside_client, through) as traffic, uplinks.cut(lost):
        haproxy.wait_used(outside_client, frozenset(node.name for node in kept))
        without = bodies(outside_client.send(through))
    haproxy.wait_used(outside_client, frozenset(node.name for node in cluster.workers))

    went_on = sum(without.values()) == CONNECTIONS and lost.name not in {node_of[pod] for pod in without}
    claim.decide(
        "21.1",
        set(inside) == set(outside) == set(node_of) and went_on,
        f"Inside the cluster {CONNECTIONS} connections to ClusterIP {spec['clusterIP']} reached {len(inside)} "
        f"backends. From outside {CONNECTIONS} connections through HAProxy, in front of the node ports, reached "
        f"{len(outside)} backends, one per node. While node {lost.name} was cut off, {traffic.summary}. After HAProxy "
        f"had noticed, the other {len(kept)} nodes served {sum(without.values())} of {CONNECTIONS} connections.",
    )
    assert set(inside) == set(node_of), f"backends reached through ClusterIP, of {list(node_of)}: {inside}"
    assert set(outside) == set(node_of), f"backends reached through HAProxy, of {list(node_of)}: {outside}"
    assert went_on, f"backends reached through HAProxy with {lost.name} cut off: {without}"


@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.workers(2)
def test_another_node_takes_over_a_balancers_address(
    cluster: Cluster,
    make_service: ServiceMaker,
    load_balancer: LoadBalancer,
    outside_client: OutsideClient,
    uplinks: NodeUplinks,
) -> None:
    """When the node that announces an address is cut off, another node announces it."""
    web = make_service("web", 1, node=cluster.nodes[0].name)
    request = Request(load_balancer.expose(web), 80, timeout_s=SHORT_S)
    wait_answer(outside_client, request)
    first = load_balancer.announcer(outside_client, request.host)
    assert first in cluster.workers, f"{request.host} was announced by {first}"
    with uplinks.cut(first):
        wait_until(
            f"{request.host} announced by another node than {first.name}",
            lambda: load_balancer.announcer(outside_client, request.host) if ask(outside_client, request).ok else first,
            lambda node: node not in (None, first),
            deadline_s=PROGRAMMED_S,
        )


def test_policy_local_tells_balancers_which_nodes_to_use(
    cluster: Cluster,
    kube: Kube,
    make_service: ServiceMaker,
    load_balancer: LoadBalancer,
    outside_client: OutsideClient,
) -> None:
    """The health port answers 200 on the backend's node only.

    On that node the backend sees the client's own address. On other nodes connections fail.
    """
    backend_node = cluster.workers[0]
    web = make_service("web", 1, node=backend_node.name)
    load_balancer.expose(web, externalTrafficPolicy="Local")
    spec = kube.get(f"/api/v1/namespaces/{web.namespace}/services/{web.name}")["spec"]
    node_port, health_port = spec["ports"][0]["nodePort"], spec["healthCheckNodePort"]

    health = Request(backend_node.address, health_port, path="/healthz", timeout_s=SHORT_S)
    wait_answer(outside_client, health)
    reply = wait_answer(outside_client, Request(backend_node.address, node_port, path="/clientip", timeout_s=SHORT_S))
    assert reply.body.rpartition(":")[0] == outside_client.address, f"client address seen by the backend: {reply.body}"
    for node in cluster.nodes:
        if node != backend_node:
            wait_answer(outside_client, replace(health, host=node.address), 503)
            assert not ask(outside_client, Request(node.address, node_port, timeout_s=SHORT_S)).ok, (
                f"node {node.name} has no endpoint and answered at node port {node_port}"
            )


def ask(outside: OutsideClient, request: Request) -> Reply:
    """Make one connection and return its reply."""
    return outside.send(request)[0]


def wait_answer(outside: OutsideClient, request: Request, status: int = 200) -> Reply:
    """Wait until a connection is answered with this HTTP status, and return the reply."""
    return wait_until(
        f"http://{request.host}:{request.port}{request.path} answered with {status}",
        lambda: ask(outside, request),
        lambda reply: reply.status == status,
        deadline_s=PROGRAMMED_S,
    )
