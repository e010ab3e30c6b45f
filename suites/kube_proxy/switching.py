"""Live switches of kube-proxy to another mode and back, with what has to hold after each of them."""

from dataclasses import replace

from harness.dataplane.modes import open_data_plane
from harness.findings import KernelContents
from harness.performance.live_switches import ObservedSwitch, SwitchObserver
from harness.suite import Mode
from harness.traffic.requests import lost

AFTERWARDS = 20
"""The number of connections that are made once a switch is over. All of them have to succeed."""

NOTHING = KernelContents(iptables_rules=0, nftables_rules=0, virtual_servers=0, ipvs_device=False)


def switch_there_and_back(observer: SwitchObserver, mode: Mode, other: Mode, times: int) -> list[ObservedSwitch]:
    """Switch the observer's node from `mode` to `other` and back, so many times, and clean up in the end.

    After each switch every new connection succeeds and the new mode leads to the Service's backends. From and to
    nftables mode, kube-proxy removes what the old mode had written. `kube-proxy --cleanup` removes the rest, the second
    time at the latest: the first time, chains of iptables mode stay if those of ipvs mode refer to some of them.
    """
    observed = []
    with observer.live.on(observer.node) as switch:
        for old, new in ((mode, other), (other, mode)) * times:
            observed.append(observer.observe(old, new, switch))
            assert_works(observer, new)
            assert_old_rules_gone(old, new, observed[-1].after)
        first, second = observer.live.clean_up(observer.node, times=2)
        assert second == NOTHING, (
            f"kube-proxy --cleanup left in the kernel of {observer.node.name}: {first} the first time, {second} the "
            "second time"
        )
    return observed


def assert_works(observer: SwitchObserver, mode: Mode) -> None:
    """Fail unless new connections succeed and the rules of `mode` lead to the Service's backends."""
    for what, (sender, request) in observer.paths.items():
        failed = lost(sender.send(replace(request, count=AFTERWARDS)))
        assert not failed, f"in {mode} mode, of {AFTERWARDS} {what} failed after the switch: {failed}"
    backends = open_data_plane(mode, observer.shell).service(observer.node, observer.web.service_address).backends
    assert {backend.address for backend in backends} == set(observer.web.pods.values())


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
