"""iptables mode and netfilter's connection tracking, tested in clusters that run in nftables mode."""

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
    """While one node's kube-proxy runs in iptables mode, its connections are in netfilter's connection tracking."""
    node, iptables = cluster.workers[0], IptablesDataPlane(shell)
    web = make_service("web")
    client = make_client("client", node=node)
    with proxies.changing((node,), "mode") as set_mode:
        set_mode("iptables")
        state = iptables.service(node, web.service_address)
        (reply,) = client.send(Request(web.cluster_ip, 80))
        backend = web.pods[reply.body]
        tracked = [
            entry
            for entry in iptables.conntrack(node, client.address)
            if f"dst={web.cluster_ip} " in entry and f"src={backend} " in entry
        ]
    claim.decide(
        "2.1",
        bool(tracked and state.backends),
        f"On node {node.name}, with kube-proxy in iptables mode, the nat table had rules from ClusterIP "
        f"{web.cluster_ip} to {len(state.backends)} backends, and connection tracking had {len(tracked)} entries for "
        f"connections from {client.address} to {web.cluster_ip} with replies from backend {backend}. Clusters in "
        "ipvs mode test ipvs.",
    )
    assert {backend.address for backend in state.backends} == set(web.pods.values())
    assert tracked, f"conntrack of {node.name} has no entry from {client.address} to {backend}"
