"""A node port, from outside the cluster."""

import pytest

from harness.suite import ClaimRecorder, ClientMaker, Cluster, OutsideClient, Request, ServiceMaker, bodies

CONNECTIONS, FEW = 20, 3
LOOPBACK = "127.0.0.1"
ON_LOOPBACK = {"iptables": True, "ipvs": False, "nftables": False}
"""https://kubernetes.io/docs/reference/networking/virtual-ips/#migrating-from-iptables-mode-to-nftables"""


@pytest.mark.claim("15.2")
def test_node_port_answers_on_every_node(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    outside_client: OutsideClient,
    claim: ClaimRecorder,
) -> None:
    """Each node's address answers, also that of a node without a backend; its loopback in iptables mode only."""
    web = make_service("web", 2, type="NodePort")
    assert web.node_port is not None
    answered: dict[str, int] = {}
    for node in cluster.nodes:
        replies = outside_client.send(Request(node.address, web.node_port, CONNECTIONS))
        answered[node.name] = sum(reply.ok for reply in replies)
        assert set(bodies(replies)) <= set(web.pods), f"{node.name} led to {bodies(replies)}"
    host = make_client("host", node=cluster.workers[0], host_network=True)
    by_loopback = sum(reply.ok for reply in host.send(Request(LOOPBACK, web.node_port, FEW, timeout_s=1.0)))
    holds = all(count == CONNECTIONS for count in answered.values())
    claim.decide(
        "15.2",
        holds,
        f"Port {web.node_port} asked {CONNECTIONS} times at each node from outside: "
        + ", ".join(f"{name} answered {count}" for name, count in answered.items())
        + f". At {LOOPBACK}, from a node itself: {by_loopback} of {FEW}.",
    )
    assert holds, answered
    if cluster.substrate == "host":  # a user-mode Linux beside the node is not handed what stays on the node's loopback
        assert by_loopback == (FEW if ON_LOOPBACK[cluster.mode] else 0)
