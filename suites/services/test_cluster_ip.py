"""A ClusterIP: a virtual address that works inside the cluster, and whose work it is."""

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    DataPlane,
    IptablesDataPlane,
    ProxyShell,
    Request,
    ServiceMaker,
    bodies,
)

REQUESTS = 30


@pytest.mark.claim("15.1")
def test_cluster_ip_is_reached_from_every_node(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    shell: ProxyShell,
    claim: ClaimRecorder,
) -> None:
    """Pods of every node reach it; whether iptables rules do it is read from the kernel."""
    web = make_service("web")
    for number, node in enumerate(cluster.nodes):
        replies = make_client(f"client-{number}", node=node).send(Request(web.cluster_ip, 80, REQUESTS))
        failed = [reply.error for reply in replies if not reply.ok]
        assert not failed, f"from node {node.name}: {len(failed)} of {REQUESTS} connections failed: {failed[0]}"
        assert set(bodies(replies)) <= set(web.pods), f"answered by {bodies(replies)}, which are not its pods"

    rules = IptablesDataPlane(shell).service(cluster.workers[0], web.front)
    by_iptables = rules.present and len(rules.backends) == len(web.pods)
    claim.decide(
        "15.1",
        by_iptables,
        f"Reached from pods on all {len(cluster.nodes)} nodes, {REQUESTS} connections each without an error. "
        + (
            f"The nat table holds a rule for {web.cluster_ip} that leads to all {len(web.pods)} backends."
            if by_iptables
            else f"No iptables rule translates {web.cluster_ip}: in {cluster.mode} mode the backends stand elsewhere."
        ),
    )
    assert by_iptables == (cluster.mode == "iptables")


@pytest.mark.claim("2.1")
def test_connections_stand_in_netfilters_table(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """Netfilter's connection tracking holds a connection with both its virtual and its real destination."""
    web = make_service("web")
    client = make_client("client", node=cluster.workers[0])
    (reply,) = client.send(Request(web.cluster_ip, 80))
    backend = web.pods[reply.body]
    entries = [
        entry
        for entry in dataplane.conntrack(cluster.workers[0], client.address)
        if f"dst={web.cluster_ip} " in entry and f"src={backend} " in entry
    ]
    evidence = (
        f"The connection from {client.address} to {web.cluster_ip} stands in the connection tracking table "
        f"with the reply coming from backend {backend}."
    )
    if cluster.mode == "nftables":
        claim.untested("2.1", f"the claim is about iptables and ipvs; in nftables too: {evidence}")
    else:
        claim.decide("2.1", bool(entries), evidence if entries else "No entry of connection tracking has both.")
    assert entries, f"conntrack of {cluster.workers[0].name} has no entry from {client.address} to {backend}"
