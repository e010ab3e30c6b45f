"""Changes of one Service do not affect connections to another."""

import pytest

from harness.suite import ClientMaker, Cluster, DataPlane, Request, ServiceMaker, steady_traffic

CHANGES = 2
SPACING_S = 0.02


@pytest.mark.modes("iptables", "nftables")  # suites/ipvs/test_ipset.py covers ipvs mode
def test_services_come_and_go_without_a_loss_to_others(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker, dataplane: DataPlane
) -> None:
    """Services are added and removed under steady traffic to another Service, and no connection is lost."""
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)
    with steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic:
        service_addresses = {name: web.add_services(name)[0] for name in (f"new-{number}" for number in range(CHANGES))}
        mentioned = [
            dataplane.mentions(node, service_address.address) for service_address in service_addresses.values()
        ]
        web.remove_services(service_addresses)
    assert all(mentioned), f"node {node.name} has no rules for some of {[*service_addresses.values()]}: {mentioned}"
    assert not traffic.lost, f"{len(traffic.lost)} of {len(traffic.replies)} connections lost: {traffic.lost[0]}"
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"
