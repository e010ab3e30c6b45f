"""What the change of one Service does to the others."""

import pytest

from harness.suite import ClientMaker, Cluster, DataPlane, Request, ServiceMaker, steady_traffic

CHANGES = 2
SPACING_S = 0.02


@pytest.mark.modes("iptables", "nftables")  # of ipvs mode, suites/ipvs/test_ipset.py tells
def test_services_come_and_go_without_a_loss_to_others(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker, dataplane: DataPlane
) -> None:
    """Rules of new Services are written under steady traffic to another one, and taken away again: nothing is lost."""
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)
    with steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic:
        service_addresses = {name: web.add_services(name)[0] for name in (f"new-{number}" for number in range(CHANGES))}
        held = [dataplane.mentions(node, service_address.address) for service_address in service_addresses.values()]
        web.remove_services(service_addresses)
    assert all(held), "the rules of new Services are missing"
    assert not traffic.lost, f"{len(traffic.lost)} of {len(traffic.replies)} connections lost: {traffic.lost[0]}"
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"
