"""Clients outside the cluster: which addresses they reach by default."""

import pytest

from harness.suite import ClaimRecorder, ClientMaker, Cluster, OutsideClient, Request, ServiceMaker
from suites.services.decisions import decide_outside

CONNECTIONS = 3


@pytest.mark.claim("18.1")
def test_outside_clients_reach_neither_pod_nor_cluster_ip(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    outside_client: OutsideClient,
    claim: ClaimRecorder,
) -> None:
    """A client outside the cluster reaches neither address. With a route through a node it may reach them."""
    node = cluster.workers[0]
    web = make_service("web", node=node.name)
    pod_address = next(iter(web.pods.values()))
    targets = {"pod IP": (pod_address, 8080), "ClusterIP": (web.cluster_ip, 80)}
    inside = make_client("inside")
    for name, (address, port) in targets.items():
        assert all(reply.ok for reply in inside.send(Request(address, port))), (
            f"{name} {address}:{port} does not answer inside the cluster either"
        )

    by_default = {name: _answers(outside_client, *target) for name, target in targets.items()}
    # Route through the pod's own node. Any other node sees only one direction of the connection, and kube-proxy's rules
    # drop such packets as invalid.
    outside_client.route(cluster.pod_cidr, node.address)
    outside_client.route(cluster.service_cidr, node.address)
    routed = {name: _answers(outside_client, *target) for name, target in targets.items()}

    holds = not any(by_default.values())
    claim.record("18.1", decide_outside(by_default, routed, CONNECTIONS))
    assert holds, by_default


def _answers(outside: OutsideClient, address: str, port: int) -> int:
    """Return how many of `CONNECTIONS` connections were answered."""
    return sum(reply.ok for reply in outside.send(Request(address, port, CONNECTIONS, timeout_s=1.0)))
