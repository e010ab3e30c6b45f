"""A node port, from outside the cluster."""

import pytest

from harness.suite import ClaimRecorder, Cluster, OutsideClient, Request, ServiceMaker, bodies

CONNECTIONS = 20


@pytest.mark.claim("15.2")
def test_node_port_answers_on_every_node(
    cluster: Cluster, make_service: ServiceMaker, outside_client: OutsideClient, claim: ClaimRecorder
) -> None:
    """Each node's address answers, also that of a node without a backend."""
    web = make_service("web", 2, type="NodePort")
    assert web.node_port is not None
    answered: dict[str, int] = {}
    for node in cluster.nodes:
        replies = outside_client.send(Request(node.address, web.node_port, CONNECTIONS))
        answered[node.name] = sum(reply.ok for reply in replies)
        assert set(bodies(replies)) <= set(web.pods), f"{node.name} led to {bodies(replies)}"
    holds = all(count == CONNECTIONS for count in answered.values())
    claim.decide(
        "15.2",
        holds,
        f"Port {web.node_port} asked {CONNECTIONS} times at each node from outside: "
        + ", ".join(f"{name} answered {count}" for name, count in answered.items())
        + ".",
    )
    assert holds, answered
