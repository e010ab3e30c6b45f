"""External load balancers in front of the nodes, and what a Service tells them."""

from dataclasses import replace

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    DataPlane,
    HaProxyMaker,
    Kube,
    LoadBalancer,
    ManifestMaker,
    NodeUplinks,
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
"""With so many and 2 backends, all meet the same one by chance once in 550 billion times."""

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
    """A ClusterIP spreads load inside, HAProxy over the nodes from outside; it goes on when a node is lost."""
    create("on-every-worker.yaml", lb_class=load_balancer.lb_class)
    pods = waits.wait_pods_ready(namespace, "app=web", len(cluster.workers))
    home = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in pods}
    spec = kube.get(f"/api/v1/namespaces/{namespace}/services/web")["spec"]
    client = make_client("client", node=cluster.nodes[0])
    wait_until(
        f"{len(home)} backends of {spec['clusterIP']} in the kernel of node {client.node}",
        lambda: dataplane.service(cluster.nodes[0], ServiceAddress(spec["clusterIP"], 80)),
        lambda state: len(state.backends) == len(home),
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

    went_on = sum(without.values()) == CONNECTIONS and lost.name not in {home[pod] for pod in without}
    claim.decide(
        "21.1",
        set(inside) == set(outside) == set(home) and went_on,
        f"Inside, {CONNECTIONS} connections to the ClusterIP spread over {len(inside)} backends. Outside, HAProxy in "
        f"front of the node ports spread as many over {len(outside)} nodes. Node {lost.name} was cut off: "
        f"{traffic.summary} meanwhile, and once HAProxy had noticed, "
        f"{sum(without.values())} of {CONNECTIONS} were served by the other {len(kept)}.",
    )
    assert set(inside) == set(home), inside
    assert set(outside) == set(home), outside
    assert went_on, without


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
    """The node that answers for an address is cut off: another one answers for it."""
    web = make_service("web", 1, node=cluster.nodes[0].name)
    request = Request(load_balancer.expose(web), 80, timeout_s=SHORT_S)
    wait_answer(outside_client, request)
    first = load_balancer.announcer(outside_client, request.host)
    assert first in cluster.workers
    with uplinks.cut(first):
        wait_until(
            f"{request.host} taken over from {first.name}",
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
    """The health port answers 200 on the backend's node alone; there a client keeps its address, elsewhere it fails."""
    home = cluster.workers[0]
    web = make_service("web", 1, node=home.name)
    load_balancer.expose(web, externalTrafficPolicy="Local")
    spec = kube.get(f"/api/v1/namespaces/{web.namespace}/services/{web.name}")["spec"]
    node_port, health_port = spec["ports"][0]["nodePort"], spec["healthCheckNodePort"]

    health = Request(home.address, health_port, path="/healthz", timeout_s=SHORT_S)
    wait_answer(outside_client, health)
    reply = wait_answer(outside_client, Request(home.address, node_port, path="/clientip", timeout_s=SHORT_S))
    assert reply.body.rpartition(":")[0] == outside_client.address
    for node in cluster.nodes:
        if node != home:
            wait_answer(outside_client, replace(health, host=node.address), 503)
            assert not ask(outside_client, Request(node.address, node_port, timeout_s=SHORT_S)).ok, node.name


def ask(outside: OutsideClient, request: Request) -> Reply:
    """One connection."""
    return outside.send(request)[0]


def wait_answer(outside: OutsideClient, request: Request, status: int = 200) -> Reply:
    """The first connection that is answered with that status."""
    return wait_until(
        f"http://{request.host}:{request.port}{request.path} answered with {status}",
        lambda: ask(outside, request),
        lambda reply: reply.status == status,
        deadline_s=PROGRAMMED_S,
    )
