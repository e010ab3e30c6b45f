"""Netfilter below iptables mode, in clusters whose own mode the claim about it is not of."""

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    IptablesDataPlane,
    Proxies,
    ProxyShell,
    Request,
    ServiceMaker,
)


@pytest.mark.modes("nftables")
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.claim("2.1")
def test_iptables_builds_on_netfilter_where_another_mode_runs(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    shell: ProxyShell,
    proxies: Proxies,
    claim: ClaimRecorder,
) -> None:
    """One node's kube-proxy runs in iptables mode for a while: its connections stand in netfilter's table."""
    node, iptables = cluster.workers[0], IptablesDataPlane(shell)
    web = make_service("web")
    client = make_client("client", node=node)
    with proxies.changing((node,), "mode") as set_mode:
        set_mode("iptables")
        held = iptables.service(node, web.service_address)
        (reply,) = client.send(Request(web.cluster_ip, 80))
        backend = web.pods[reply.body]
        tracked = [
            entry
            for entry in iptables.conntrack(node, client.address)
            if f"dst={web.cluster_ip} " in entry and f"src={backend} " in entry
        ]
    claim.decide(
        "2.1",
        bool(tracked and held.backends),
        f"With kube-proxy of node {node.name} in iptables mode the nat table led {web.cluster_ip} to "
        f"{len(held.backends)} backends, and connection tracking held {len(tracked)} connections from "
        f"{client.address} to it with the reply coming from backend {backend}. Of ipvs, a cluster in that mode tells.",
    )
    assert {backend.address for backend in held.backends} == set(web.pods.values())
    assert tracked, f"conntrack of {node.name} has no entry from {client.address} to {backend}"
