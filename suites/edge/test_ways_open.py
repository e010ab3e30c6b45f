"""hostPort, NodePort and LoadBalancer: three ways in for clients outside the cluster."""

import pytest

from harness.edge.balancer import LoadBalancer
from harness.suite import (
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    Observation,
    OutsideClient,
    Reply,
    Request,
    ServiceMaker,
    Waits,
    observe_within,
)
from suites.edge.decisions import decide_ways_open

HOST_PORT = 20080
NODE_PORT = 30080
"""A port from the part of the range that the API server does not assign by itself (KEP-3668)."""

OPEN_DEADLINE_S = 60.0
SHORT_S = 1.0


@pytest.mark.usefixtures("fixed_ports")
@pytest.mark.claim("18.2")
def test_each_way_opens_what_was_shut(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    make_service: ServiceMaker,
    load_balancer: LoadBalancer,
    outside_client: OutsideClient,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """Three addresses and ports answer only after hostPort, NodePort and LoadBalancer have been set up."""
    node = cluster.workers[0]
    web = make_service("web", 2)
    ways = {
        "hostPort": Request(node.address, HOST_PORT, timeout_s=SHORT_S),
        "NodePort": Request(node.address, NODE_PORT, timeout_s=SHORT_S),
        "LoadBalancer": Request(load_balancer.reserved[1], 80, timeout_s=SHORT_S),
    }
    before = {name: outside_client.send(request)[0] for name, request in ways.items()}

    create("host-port.yaml", node=node.name, port=HOST_PORT)
    waits.wait_pods_ready(namespace, "app=host-port", 1)
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "nodePort": NODE_PORT}]
    kube.merge(f"/api/v1/namespaces/{namespace}/services/web", {"spec": {"type": "NodePort", "ports": ports}})
    by_node_port = observe_open(outside_client, "NodePort", ways["NodePort"])
    load_balancer.ask_for_address(web, load_balancer.reserved[1])
    given = load_balancer.observe_address(web)
    after = {
        "hostPort": observe_open(outside_client, "hostPort", ways["hostPort"]),
        "NodePort": by_node_port,
        "LoadBalancer": observe_open(outside_client, "LoadBalancer", ways["LoadBalancer"]),
    }

    shut = [name for name, reply in before.items() if not reply.ok]
    right = {"hostPort": ("host-port",), "NodePort": tuple(web.pods), "LoadBalancer": tuple(web.pods)}
    opened = [name for name, observed in after.items() if observed.seen.body in right[name]]
    claim.record(
        "18.2",
        decide_ways_open({name: name not in shut for name in ways}, {name: name in opened for name in ways}),
    )
    assert shut == list(ways), f"answered before it was set up: {before}"
    given.require()
    for observed in after.values():
        observed.require()
    assert opened == list(ways), f"not answered by the right pods {right}: {after}"


def observe_open(outside: OutsideClient, name: str, request: Request) -> Observation[Reply]:
    """Observe until the address answers. The case judges which pod answered."""
    return observe_within(
        f"{request.host}:{request.port} answering after {name} was set up",
        lambda: outside.send(request)[0],
        lambda reply: reply.ok,
        within_s=OPEN_DEADLINE_S,
    )
