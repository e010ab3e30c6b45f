"""A ClusterIP: a virtual address inside the cluster, and the kernel tables that implement it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    DataPlane,
    IptablesDataPlane,
    Mode,
    ProxyShell,
    Request,
    ServiceMaker,
    bodies,
)
from suites.services.decisions import decide_cluster_ip, decide_iptables_rules

REQUESTS = 30


@pytest.mark.claim("15.1", "15.4")
def test_cluster_ip_is_reached_from_every_node(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    shell: ProxyShell,
    claim: ClaimRecorder,
) -> None:
    """Pods on every node reach the ClusterIP. The kernel's nat table shows whether iptables rules implement it."""
    web = make_service("web")
    request = Request(web.cluster_ip, 80, REQUESTS)
    clients = [make_client(f"client-{number}", node=node) for number, node in enumerate(cluster.nodes)]
    # In parallel, because lost connections wait for their time-out on each node.
    with ThreadPoolExecutor(len(clients)) as sending:
        all_replies = tuple(sending.map(lambda client: client.send(request), clients))
    replies_by_node = {client.node: replies for client, replies in zip(clients, all_replies, strict=True)}
    answered = {name: sum(reply.body in web.pods for reply in replies) for name, replies in replies_by_node.items()}
    claim.record("15.1", decide_cluster_ip(answered, REQUESTS))

    rules = {node.name: IptablesDataPlane(shell).service(node, web.service_address) for node in cluster.nodes}
    by_iptables = {name: state.present and len(state.backends) == len(web.pods) for name, state in rules.items()}
    claim.record("15.4", decide_iptables_rules(web.cluster_ip, cluster.mode, by_iptables))

    for name, replies in replies_by_node.items():
        failed = [reply.error for reply in replies if not reply.ok]
        assert not failed, f"from node {name}: {len(failed)} of {REQUESTS} connections failed: {failed[0]}"
        assert set(bodies(replies)) <= set(web.pods), (
            f"connections from node {name} were answered by {bodies(replies)}, not only by pods of Service web"
        )
    assert by_iptables == dict.fromkeys(rules, cluster.mode is Mode.IPTABLES), (
        f"nodes whose nat table leads {web.cluster_ip} to all backends, in {cluster.mode} mode: {by_iptables}"
    )


@pytest.mark.claim("2.1")
def test_connections_stand_in_netfilters_table(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """Netfilter's connection tracking has an entry with both the virtual and the real destination."""
    web = make_service("web")
    client = make_client("client", node=cluster.workers[0])
    # Several, because a connection that loses its conntrack entry breaks and returns no backend name.
    met = bodies(client.send(Request(web.cluster_ip, 80, REQUESTS)))
    assert met, f"none of {REQUESTS} connections to {web.cluster_ip} was answered"
    backend = web.pods[met.most_common(1)[0][0]]
    entries = [
        entry
        for entry in dataplane.conntrack(cluster.workers[0], client.address)
        if f"dst={web.cluster_ip} " in entry and f"src={backend} " in entry
    ]
    evidence = (
        f"On node {cluster.workers[0].name} connection tracking has {len(entries)} entries for connections from "
        f"{client.address} to {web.cluster_ip} with replies from backend {backend}."
    )
    if cluster.mode in (Mode.IPTABLES, Mode.IPVS):
        claim.decide("2.1", bool(entries), evidence)
    else:
        claim.untested(
            "2.1", f"the claim is about iptables and ipvs, and this cluster is in {cluster.mode} mode: {evidence}"
        )
    assert entries, f"conntrack of {cluster.workers[0].name} has no entry from {client.address} to {backend}"
