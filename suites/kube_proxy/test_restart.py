"""A restart of kube-proxy: the kernel's rules work without it."""

import pytest

from harness.findings import ProxyRestartFinding
from harness.suite import (
    ClientMaker,
    Cluster,
    Finding,
    Proxies,
    Request,
    ServiceMaker,
    persistent_connections,
    steady_traffic,
)

OPEN_CONNECTIONS = 6
SPACING_S = 0.02


@pytest.mark.exclusive
@pytest.mark.disruptive
def test_connections_outlive_a_restart_of_kube_proxy(
    cluster: Cluster,
    proxies: Proxies,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    findings: list[Finding],
) -> None:
    """While a node's kube-proxy is replaced, open connections stay open and new ones succeed.

    The new kube-proxy then programs a new Service.
    """
    if cluster.substrate == "uml":
        pytest.skip("on substrate uml the kernel with the rules runs in kube-proxy's pod and ends with it")
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)
    asking = Request(web.cluster_ip, 80, spacing_s=SPACING_S)
    with (
        persistent_connections(client, web.cluster_ip, 80, OPEN_CONNECTIONS) as persistent,
        steady_traffic(client, asking) as traffic,
    ):
        proxies.restart(node)
    web.wait_service_addresses(*web.add_services("later"), present=True)
    findings.append(
        ProxyRestartFinding(
            mode=cluster.mode,
            node=node.name,
            new=len(traffic.replies),
            lost=len(traffic.lost),
            delayed=len(traffic.delayed),
            persistent=OPEN_CONNECTIONS,
            broken=len(persistent.broken),
            stalled=len(persistent.stalled),
            retransmits=persistent.retransmits,
        )
    )
    assert not traffic.lost, f"{len(traffic.lost)} of {len(traffic.replies)} connections lost: {traffic.lost[0]}"
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"
    assert not persistent.broken, (
        f"{len(persistent.broken)} of {OPEN_CONNECTIONS} persistent connections broke: {persistent.broken[0]}"
    )
    assert not persistent.stalled, (
        f"{len(persistent.stalled)} of {OPEN_CONNECTIONS} persistent connections stalled: {persistent.stalled[0]}"
    )
