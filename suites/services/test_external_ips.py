"""externalIPs: addresses that the cluster's network, not Kubernetes, routes to a node."""

import pytest

from harness.suite import ClientMaker, Cluster, Kube, OutsideClient, Request, ServiceAddress, ServiceMaker, bodies

CONNECTIONS, FEW = 20, 3


@pytest.mark.workers(2)
def test_an_external_ip_leads_to_the_service_wherever_it_arrives(
    cluster: Cluster,
    kube: Kube,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    outside_client: OutsideClient,
    spare_address: str,
) -> None:
    """The address leads to the backends from outside through any node, and from inside the cluster.

    Once it is removed from the Service, connections to it are no longer answered.
    """
    web = make_service("web", 2, node=cluster.workers[0].name, externalIPs=[spare_address])
    service_address = ServiceAddress(spare_address, 80)
    web.wait_service_addresses(service_address, present=True)
    asking = Request(spare_address, 80, CONNECTIONS)
    for node in cluster.nodes:
        outside_client.route(f"{spare_address}/32", node.address)
        met = bodies(outside_client.send(asking))
        assert met.total() == CONNECTIONS, (
            f"{CONNECTIONS - met.total()} of {CONNECTIONS} connections to {spare_address} through {node.name} were lost"
        )
        assert set(met) == set(web.pods), f"connections to {spare_address} through {node.name} were answered by {met}"
    inside = make_client("inside", node=cluster.workers[1])
    answered = bodies(inside.send(asking)).total()
    assert answered == CONNECTIONS, (
        f"{CONNECTIONS - answered} connections to {spare_address} from {inside.node} were lost"
    )

    kube.merge(web.path, {"spec": {"externalIPs": None}})
    web.wait_service_addresses(service_address, present=False)
    for client in (outside_client, inside):
        replies = client.send(Request(spare_address, 80, FEW, timeout_s=1.0))
        assert not bodies(replies), f"{spare_address} was removed from Service {web.name} and still answers: {replies}"
