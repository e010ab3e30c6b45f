"""kube-proxy ends and starts again: the kernel goes on without it."""

import pytest

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

HELD = 6
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
    """While a node's kube-proxy is replaced, open connections stay and new ones are made; then it works again."""
    if cluster.substrate == "uml":
        pytest.skip("on substrate uml the kernel that holds the rules ends with its kube-proxy's pod")
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)
    asking = Request(web.cluster_ip, 80, spacing_s=SPACING_S)
    with (
        persistent_connections(client, web.cluster_ip, 80, HELD) as holding,
        steady_traffic(client, asking) as traffic,
    ):
        proxies.restart(node)
    web.wait_service_addresses(*web.add_services("later"), present=True)
    findings.append(
        Finding(
            kind="restart of kube-proxy",
            statement=f"While kube-proxy on {node.name} was replaced, {traffic.summary}. Of {HELD} open ones "
            f"{len(holding.broken)} broke and {len(holding.stalled)} stalled; {holding.retransmits} of their segments "
            "were sent again.",
            numbers={
                "new": len(traffic.replies),
                "lost": len(traffic.lost),
                "delayed": len(traffic.delayed),
                "broken": len(holding.broken),
                "stalled": len(holding.stalled),
                "retransmits": holding.retransmits,
            },
            confidence="one restart on one node",
        )
    )
    assert not traffic.lost, f"{len(traffic.lost)} of {len(traffic.replies)} connections lost: {traffic.lost[0]}"
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"
    assert not holding.broken, f"{len(holding.broken)} of {HELD} open connections broke: {holding.broken[0]}"
    assert not holding.stalled, f"{len(holding.stalled)} of {HELD} open connections stalled: {holding.stalled[0]}"
