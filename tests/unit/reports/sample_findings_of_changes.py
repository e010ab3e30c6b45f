"""A sample of every kind of finding about changes under traffic and about runs, with the sentence that a report shows."""

from __future__ import annotations

from reports.model import Finding
from reports.model.findings import (
    DelayedConnectionsFinding,
    Detection,
    FailureRate,
    FlakesFinding,
    FlakyCase,
    KernelContents,
    LiveSwitchFinding,
    MassProgrammingFinding,
    NodeArrivals,
    PartFailures,
    PlantedFaultFinding,
    ProxyRestartFinding,
    StatedFinding,
    SwitchedConnections,
    SwitchedTraffic,
    SwitchOutage,
    UnderChangeFinding,
)

CHANGES_AND_RUNS: dict[str, tuple[Finding, str]] = {
    "under change": (
        UnderChangeFinding(
            mode="iptables",
            change="1000 Services are added",
            request_kind="http_new",
            rate_per_s=100.0,
            parts=(
                PartFailures(part="before", duration_s=5.0, messages={}),
                PartFailures(part="during", duration_s=30.0, messages={"timed out": 2, "reset": 1}),
                PartFailures(part="after", duration_s=0.0, messages={}),
            ),
        ),
        "1000 Services are added, in iptables mode at 100 requests per second: before it (5 s) no request failed; "
        "during it (30 s) 3 failed (2 x timed out, 1 x reset); after it nothing was sent.",
    ),
    "mass programming": (
        MassProgrammingFinding(
            mode="ipvs",
            change="A cold start of kube-proxy at 1000 Services",
            tried_every_ms=5.0,
            done_s=0.4,
            nodes=(
                NodeArrivals(node="worker", after_s=(1.0, 2.5), away_s=(0.75, 0.5)),
                NodeArrivals(node="worker2", after_s=(None, None)),
            ),
        ),
        "A cold start of kube-proxy at 1000 Services (ipvs mode): time until the last of 2 watched Services was "
        "reachable again: 2.50 s on worker, never on worker2; the longest time for which one was unreachable was 0.75 s "
        "on worker; 2 never became reachable. The change itself was done after 0.40 s.",
    ),
    "live switch": (
        LiveSwitchFinding(
            mode="ipvs",
            other_mode="nftables",
            node="worker",
            switches=2,
            traffic=(
                SwitchedTraffic(
                    what="connections",
                    sent=900,
                    failed=31,
                    outages=(
                        SwitchOutage(at_least_ms=310.4, at_most_ms=331.0),
                        SwitchOutage(at_least_ms=290.4, at_most_ms=402.0),
                    ),
                ),
                SwitchedTraffic(
                    what="datagrams",
                    sent=300,
                    failed=0,
                    outages=(SwitchOutage(at_least_ms=0.0, at_most_ms=0.0),) * 2,
                ),
            ),
            connections=SwitchedConnections(opened=12, broken=1, stalled=6, tracked=12, still_tracked=11),
            before=KernelContents(iptables_rules=30, nftables_rules=0, virtual_servers=12, ipvs_device=True),
            after=KernelContents(iptables_rules=0, nftables_rules=61, virtual_servers=0, ipvs_device=False),
        ),
        "kube-proxy on worker was switched 2 times from ipvs to nftables mode on the same kernel: of 900 connections 31 "
        "failed, in outages of 290 ms to 402 ms; of 300 datagrams none failed. Of 12 persistent connections 1 broke and "
        "6 stalled; connection tracking had 12 established entries for that Service before and 11 of them after the "
        "switch. The kernel had 30 rules of iptables, 0 rules of nftables, 12 virtual servers and kube-ipvs0 before and 0 rules of iptables, 61 rules of "
        "nftables, 0 virtual servers and no kube-ipvs0 after the first switch.",
    ),
    "restart of kube-proxy": (
        ProxyRestartFinding(
            mode="nftables",
            node="worker",
            new=812,
            lost=0,
            delayed=1,
            persistent=20,
            broken=0,
            stalled=0,
            retransmits=1,
        ),
        "While kube-proxy on worker was replaced (nftables mode), 0 of 812 new connections failed and 1 succeeded only "
        "after a retransmitted SYN. Of 20 persistent connections 0 broke and 0 stalled; 1 segment of theirs was "
        "retransmitted.",
    ),
    "delayed connections": (
        DelayedConnectionsFinding(case="test_a", connections=300, delayed=1, slowest_s=1.04),
        "1 of 300 connections of test_a succeeded only after a retransmitted SYN; the slowest took 1.0 s to connect.",
    ),
    "flakes": (
        FlakesFinding(
            cases=3,
            rate=FailureRate(failures=1, repetitions=12, low=0.002, high=0.385),
            flaky=(FlakyCase(case="a.py::test_b", rate=FailureRate(failures=1, repetitions=4, low=0.006, high=0.806)),),
            broken=("a.py::test_c",),
        ),
        "Flaky: 1 of 3 cases. Failed repetitions: 1 of 12 (95% interval 0.2% to 38.5%). Those are: test_b 1 of 4 (95% "
        "interval 0.6% to 80.6%). Not counted, because they failed each time: a.py::test_c.",
    ),
    "planted fault": (
        PlantedFaultFinding(
            fault="kube-proxy is frozen", detection=Detection.BY_ACCIDENT, cases={"a.py::test_a": "failed"}, details="-"
        ),
        "Noticed by accident: kube-proxy is frozen.",
    ),
    "stated": (
        StatedFinding(topic="disk", statement="The disk is slow.", method="once", numbers={"write_ms": 12.5}),
        "The disk is slow.",
    ),
}
