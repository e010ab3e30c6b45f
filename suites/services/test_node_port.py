"""Node ports, from outside the cluster and from a node."""

import pytest

from harness.suite import ClaimRecorder, ClientMaker, Cluster, OutsideClient, Request, ServiceMaker, bodies
from suites.modes import SERVICES_IN

CONNECTIONS, FEW = 20, 3
LOOPBACK = "127.0.0.1"


@pytest.mark.claim("15.2")
def test_node_port_answers_on_every_node(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    outside_client: OutsideClient,
    claim: ClaimRecorder,
) -> None:
    """Each node's address answers, even if the node has no backend. Loopback answers in iptables mode only."""
    web = make_service("web", 2, type="NodePort")
    assert web.node_port is not None
    answered: dict[str, int] = {}
    for node in cluster.nodes:
        replies = outside_client.send(Request(node.address, web.node_port, CONNECTIONS))
        answered[node.name] = sum(reply.ok for reply in replies)
        assert set(bodies(replies)) <= set(web.pods), f"{node.name} sent connections to {bodies(replies)}"
    host = make_client("host", node=cluster.workers[0], host_network=True)
    by_loopback = sum(reply.ok for reply in host.send(Request(LOOPBACK, web.node_port, FEW, timeout_s=1.0)))
    holds = all(count == CONNECTIONS for count in answered.values())
    claim.decide(
        "15.2",
        holds,
        f"Of {CONNECTIONS} connections from outside to node port {web.node_port} of each node, "
        + ", ".join(f"{name} answered {count}" for name, count in answered.items())
        + f". Of {FEW} connections from node {host.node} to {LOOPBACK}, {by_loopback} were answered.",
    )
    assert holds, answered
    if cluster.substrate == "host":  # packets on the node's loopback do not reach a user-mode Linux next to the node
        assert by_loopback == (FEW if SERVICES_IN[cluster.mode].node_ports_on_loopback else 0), (
            f"{by_loopback} of {FEW} connections from {host.node} to {LOOPBACK}:{web.node_port} were answered"
        )
