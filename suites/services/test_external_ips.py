"""externalIPs: addresses that somebody else routes to a node."""

import pytest

from harness.suite import (
    ClientMaker,
    Cluster,
    Kube,
    OutsideClient,
    Request,
    ServiceAddress,
    ServiceMaker,
    bodies,
)

EXTERNAL = "198.51.100.20"
"""Of a block for documentation (RFC 5737); the leak guard drops what no proxy has taken."""

CONNECTIONS, FEW = 20, 3


@pytest.mark.workers(2)
def test_an_external_ip_leads_to_the_service_wherever_it_arrives(
    cluster: Cluster, kube: Kube, make_service: ServiceMaker, make_client: ClientMaker, outside_client: OutsideClient
) -> None:
    """From outside through any node, and from inside; once taken from the Service it leads nowhere."""
    web = make_service("web", 2, node=cluster.workers[0].name, externalIPs=[EXTERNAL])
    service_address = ServiceAddress(EXTERNAL, 80)
    web.wait_service_addresses(service_address, present=True)
    asking = Request(EXTERNAL, 80, CONNECTIONS)
    for node in cluster.nodes:
        outside_client.route(f"{EXTERNAL}/32", node.address)
        met = bodies(outside_client.send(asking))
        assert met.total() == CONNECTIONS, f"through {node.name} {CONNECTIONS - met.total()} connections were lost"
        assert set(met) == set(web.pods), f"through {node.name} the client met {met}"
    inside = make_client("inside", node=cluster.workers[1])
    assert bodies(inside.send(asking)).total() == CONNECTIONS, "from inside"

    kube.merge(web.path, {"spec": {"externalIPs": None}})
    web.wait_service_addresses(service_address, present=False)
    for client in (outside_client, inside):
        replies = client.send(Request(EXTERNAL, 80, FEW, timeout_s=1.0))
        assert not bodies(replies), f"{EXTERNAL} is nobody's any more and was answered: {replies}"
