"""A live switch of a node's kube-proxy to another mode, under traffic: what an owner of a cluster goes through."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.dataplane.live_switch import LiveSwitch, read_kernel
from harness.dataplane.modes import open_data_plane, why_not_in_kernel
from harness.findings import KernelContents, LiveSwitchFinding, SwitchedTraffic
from harness.suite import (
    Client,
    ClientMaker,
    Cluster,
    Finding,
    Kube,
    Mode,
    OutsideClient,
    Proxies,
    ProxyShell,
    Request,
    ServiceMaker,
    persistent_connections,
    steady_traffic,
)
from harness.traffic.outage import longest_outage
from harness.traffic.requests import lost
from harness.traffic.steady import Traffic

OPEN_CONNECTIONS = 6
SPACING_S, TIMEOUT_S = 0.01, 0.5
NOTHING = KernelContents(iptables_rules=0, nftables_rules=0, virtual_servers=0, ipvs_device=False)
AFTERWARDS = 20
"""The number of connections that are made once the switch is over. All of them have to succeed."""


@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Mode.IPTABLES, marks=pytest.mark.modes("ipvs", "nftables")),
        pytest.param(Mode.IPVS, marks=pytest.mark.modes("iptables", "nftables")),
        pytest.param(Mode.NFTABLES, marks=pytest.mark.modes("iptables", "ipvs")),
    ],
)
def test_a_live_switch_leads_to_working_services_and_clean_up_takes_the_old_rules_away(
    cluster: Cluster,
    kube: Kube,
    shell: ProxyShell,
    proxies: Proxies,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    outside_client: OutsideClient,
    findings: list[Finding],
    other: Mode,
) -> None:
    """One node's kube-proxy is switched to another mode and back, while the kernel keeps running.

    After each switch every new connection succeeds and the new mode leads to the Service's backends. From and to
    nftables mode, kube-proxy removes what the old mode had written. `kube-proxy --cleanup` removes the rest, the second
    time at the latest: the first time, chains of iptables mode stay if those of ipvs mode refer to some of them.
    """
    node = cluster.workers[0]
    if (reason := why_not_in_kernel(other, shell, node)) is not None:
        pytest.skip(reason)
    web, sticky = make_service("web", 2, type="NodePort"), make_service("sticky", 2, sessionAffinity="ClientIP")
    client = make_client("client", node=node)
    paths: dict[str, tuple[Client | OutsideClient, Request]] = {
        "connections to the ClusterIP": (client, Request(web.cluster_ip, 80)),
        "connections to the node port": (outside_client, Request(node.address, web.node_port or 0)),
        "datagrams with session affinity": (
            make_client("datagrams", node=node),
            Request(sticky.cluster_ip, 81, path="hostname", protocol="udp"),
        ),
    }
    live = LiveSwitch(kube, shell, proxies)
    with live.on(node) as switch:
        for old, new in ((cluster.mode, other), (other, cluster.mode)):
            before = read_kernel(shell, node)
            with ExitStack() as stack:
                persistent = stack.enter_context(persistent_connections(client, web.cluster_ip, 80, OPEN_CONNECTIONS))
                traffic = {
                    what: stack.enter_context(
                        steady_traffic(sender, replace(request, spacing_s=SPACING_S, timeout_s=TIMEOUT_S))
                    )
                    for what, (sender, request) in paths.items()
                }
                switch(new)
            after = read_kernel(shell, node)
            findings.append(
                LiveSwitchFinding(
                    mode=old,
                    other_mode=new,
                    node=node.name,
                    traffic=tuple(switched(what, seen) for what, seen in traffic.items()),
                    persistent=OPEN_CONNECTIONS,
                    broken=len(persistent.broken),
                    stalled=len(persistent.stalled),
                    before=before,
                    after=after,
                )
            )
            for what, (sender, request) in paths.items():
                failed = lost(sender.send(replace(request, count=AFTERWARDS)))
                assert not failed, f"in {new} mode, of {AFTERWARDS} {what} failed after the switch: {failed}"
            backends = open_data_plane(new, shell).service(node, web.service_address).backends
            assert {backend.address for backend in backends} == set(web.pods.values())
            assert_old_rules_gone(old, new, after)
        first, second = live.clean_up(node, times=2)
        assert second == NOTHING, (
            f"kube-proxy --cleanup left in the kernel of {node.name}: {first} the first time, {second} the second time"
        )


def switched(what: str, traffic: Traffic) -> SwitchedTraffic:
    """Return what the replies of one client show."""
    outage = longest_outage(traffic.replies)
    return SwitchedTraffic(
        what=what,
        sent=len(traffic.replies),
        failed=len(traffic.lost),
        at_least_ms=outage.at_least_ms if outage else 0.0,
        at_most_ms=outage.at_most_ms if outage else 0.0,
    )


def assert_old_rules_gone(old: Mode, new: Mode, after: KernelContents) -> None:
    """Fail unless a switch from or to nftables mode removed what the old mode had written.

    kube-proxy does that when it starts (`platformCleanup` in
    https://github.com/kubernetes/kubernetes/blob/v1.37.2/cmd/kube-proxy/app/server_linux.go). Between iptables and ipvs
    mode it does not.
    """
    if new is Mode.NFTABLES:
        left = after.iptables_rules + after.virtual_servers + after.ipvs_device
        assert not left, f"{old} mode left {after} although kube-proxy runs in nftables mode"
    if old is Mode.NFTABLES:
        assert not after.nftables_rules, f"nftables mode left {after} although kube-proxy runs in {new} mode"
