from dataclasses import replace

from clusters.spec import Mode
from harness.performance.live_switches import ObservedSwitch, live_switch_findings
from harness.traffic.persistent import PersistentConnection, PersistentConnections
from harness.traffic.requests import Reply
from harness.traffic.steady import Traffic
from reports.model.findings import KernelContents, SwitchedConnections, SwitchOutage
from tests.fakes.cluster.owned import fake_cluster

(NODE, *_) = fake_cluster().nodes
RULES = KernelContents(iptables_rules=30, nftables_rules=0, virtual_servers=0, ipvs_device=False)
TABLE = KernelContents(iptables_rules=0, nftables_rules=61, virtual_servers=0, ipvs_device=False)
ANSWERING = PersistentConnection("web-1", 9, "", 900, 0, cut_short=False)
BROKEN = replace(ANSWERING, error="connection reset by peer")


def replies(*good: bool) -> Traffic:
    """Return traffic with a connection every 10 ms."""
    return Traffic([Reply(ok, "", "" if ok else "timed out", 1000, number / 100) for number, ok in enumerate(good)])


def switch(old: Mode, new: Mode, traffic: Traffic, **changes: object) -> ObservedSwitch:
    made = ObservedSwitch(
        old,
        new,
        {"connections": traffic},
        PersistentConnections((ANSWERING, ANSWERING)),
        {"a", "b"},
        {"a", "b"},
        RULES if old is Mode.IPTABLES else TABLE,
        TABLE if old is Mode.IPTABLES else RULES,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_each_direction_has_a_finding_with_an_outage_per_switch():
    there = [
        switch(Mode.IPTABLES, Mode.NFTABLES, replies(True, False, False, True)),
        switch(Mode.IPTABLES, Mode.NFTABLES, replies(True, True, True, True)),
    ]
    back = switch(Mode.NFTABLES, Mode.IPTABLES, replies(True, False, True))
    forward, backward = live_switch_findings(NODE, [there[0], back, there[1]])
    assert (forward.mode, forward.other_mode, forward.switches) == ("iptables", "nftables", 2)
    (traffic,) = forward.traffic
    assert (traffic.sent, traffic.failed) == (8, 2)
    assert traffic.outages == (
        SwitchOutage(at_least_ms=10.0, at_most_ms=30.0),
        SwitchOutage(at_least_ms=0.0, at_most_ms=0.0),
    )
    assert (forward.before, forward.after) == (RULES, TABLE)
    assert (backward.mode, backward.other_mode, backward.switches) == ("nftables", "iptables", 1)


def test_open_connections_are_summed_over_the_switches():
    good = switch(Mode.IPTABLES, Mode.NFTABLES, replies(True))
    bad = replace(good, persistent=PersistentConnections((ANSWERING, BROKEN)), still_tracked={"b"})
    (found,) = live_switch_findings(NODE, [good, bad])
    assert found.connections == SwitchedConnections(opened=4, broken=1, stalled=0, tracked=4, still_tracked=3)


def test_a_connection_whose_first_packet_was_lost_counts_as_failed():
    late = Reply(True, "", "", 1_001_000, 1.02, connect_us=1_000_500, syn_retransmits=1)
    (found,) = live_switch_findings(NODE, [switch(Mode.IPVS, Mode.NFTABLES, Traffic([late]))])
    (traffic,) = found.traffic
    assert (traffic.sent, traffic.failed) == (1, 1)
