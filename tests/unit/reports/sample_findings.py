"""A sample of every kind of finding, with the sentence that a report shows."""

from __future__ import annotations

import math
from dataclasses import replace

from reports.model import Finding, Interval
from reports.model.findings import (
    BusyHostFinding,
    CapacityFinding,
    ClockTail,
    CostFinding,
    CostPerRuleFinding,
    EndpointsDifference,
    EndpointsFinding,
    FirstPacketSliFinding,
    GeneratorLatency,
    GeneratorsFinding,
    GrowthConclusion,
    GrowthFinding,
    NodeFirstPacket,
    RateAttempt,
    RequestKindMedian,
    RequestKindsFinding,
    RequestsPerCpuSecondFinding,
    StepCostPerRule,
    StepUsage,
    UserEfficiency,
)
from tests.unit.reports.sample_findings_of_changes import CHANGES_AND_RUNS
from tests.unit.reports.sample_findings_of_checks import CHECKS

PASSED = RateAttempt(rate_per_s=1900.0, p99_us=41_000.0, missed=0, failed=0, cpu_share=0.4, generator_busy=False)
EXCEEDED = RateAttempt(rate_per_s=2100.0, p99_us=66_000.0, missed=12, failed=0, cpu_share=0.45, generator_busy=False)
OURS = GeneratorLatency(
    generator="ours",
    p50_us=Interval(401.0, 390.0, 420.0),
    p99_us=Interval(900.0, 850.0, 1000.0),
    above_baseline_us=Interval(81.0, 75.0, 90.0),
    resolution_us=1.0,
    differs=False,
)
WORKER = NodeFirstPacket(
    node="worker",
    p50_us=Interval(98.0, 97.0, 99.0),
    p99_us=Interval(160.0, 155.0, 162.0),
    connections=9000,
    retransmitted=0,
    failed=0,
)
CONTROL_PLANE = replace(
    WORKER,
    node="control-plane",
    p50_us=Interval(101.0, 100.0, 102.0),
    p99_us=Interval(176.0, 173.0, 180.0),
    retransmitted=3,
)
UNKNOWN = Interval(math.nan, math.nan, math.nan)

FINDINGS: dict[str, tuple[Finding, str]] = {
    **CHECKS,
    "growth": (
        GrowthFinding(
            mode="iptables",
            conclusion=GrowthConclusion.GROWS,
            per_1000_services_us=Interval(95.35, 92.73, 97.969),
            at_zero_us=139.656,
            most_services=10_000,
            steps=8,
            baseline_corrected=True,
        ),
        "In iptables mode the first packet of a new connection to the last Service takes longer by 95.3 us per 1,000 "
        "Services (95% interval from 8 steps: 92.7 to 98.0).",
    ),
    "no growth": (
        GrowthFinding(
            mode="ipvs",
            conclusion=GrowthConclusion.NO_GROWTH,
            per_1000_services_us=Interval(5.98, -17.37, 29.33),
            at_zero_us=422.438,
            most_services=2000,
            steps=8,
            baseline_corrected=False,
        ),
        "In ipvs mode no growth of the first packet was detected: 6 us per 1,000 Services (95% interval from 8 steps: "
        "-17 to 29). Growth below 29 us per 1,000 Services could not have been detected.",
    ),
    "no growth, known well": (
        GrowthFinding(
            mode="nftables",
            conclusion=GrowthConclusion.NO_GROWTH,
            per_1000_services_us=Interval(0.0221, -0.0383, 0.0836),
            at_zero_us=43.1,
            most_services=10_000,
            steps=12,
        ),
        "In nftables mode no growth of the first packet was detected: 0.02 us per 1,000 Services (95% interval from 12 "
        "steps: -0.04 to 0.08). Growth below 0.084 us per 1,000 Services could not have been detected.",
    ),
    "unknown growth": (
        GrowthFinding(
            mode="ipvs",
            conclusion=GrowthConclusion.UNKNOWN,
            per_1000_services_us=Interval(5.98, -17.37, 129.33),
            at_zero_us=422.438,
            most_services=2000,
            steps=8,
            baseline_corrected=False,
        ),
        "In ipvs mode the data do not show whether the first packet takes longer with more Services: 6 us per 1,000 "
        "Services (95% interval from 8 steps: -17 to 129).",
    ),
    "cost": (
        CostFinding(
            mode="iptables",
            node="worker",
            steps=(
                StepUsage(
                    step=0,
                    services=10_000,
                    cpu_s=1.84,
                    programs_cpu_s=40.2,
                    memory_bytes=181_000_000.0,
                    syncs=4,
                    sync_s=49.3,
                    rules=50_257,
                    set_members=0,
                    tracked=7279,
                ),
            ),
        ),
        "kube-proxy on worker (iptables mode) took 49.3 s (4 syncs; 1.8 CPU seconds itself and 40.2 in programs that "
        "it ran) to get from the previous step to 10,000 Services. Then it used 181 MB of memory, and the kernel held "
        "50,257 rules, 0 set members and 7,279 tracked connections.",
    ),
    "cost per rule": (
        CostPerRuleFinding(
            mode="iptables",
            least_rules=500,
            steps=(StepCostPerRule(services=1000, rules_walked=739, rule_ns=56.38, calibrated_rule_ns=54.04),),
        ),
        "Cost per rule in iptables mode, in nanoseconds: in the sweep, from the first Service to the last, and in a "
        "chain that never matches, measured at the same time. It depends on what else is in the processor's caches.",
    ),
    "no cost per rule": (
        CostPerRuleFinding(mode="iptables", least_rules=500, steps=()),
        "The cost per rule in iptables mode is unknown: no valid step compares places 500 or more rules apart, both in "
        "the sweep and in a chain that never matches.",
    ),
    "endpoints": (
        EndpointsFinding(
            mode="nftables",
            differences=(
                EndpointsDifference(endpoints=10, longer_us=Interval(0.31, -0.42, 1.04)),
                EndpointsDifference(endpoints=250, longer_us=Interval(1.5, 0.72, 2.28)),
            ),
        ),
        "In nftables mode the first packet took longer than to a Service with one endpoint by 0.3 (-0.4 to 1.0) us "
        "with 10 endpoints, 1.5 (0.7 to 2.3) us with 250 endpoints.",
    ),
    "request kinds": (
        RequestKindsFinding(
            mode="nftables",
            rate_per_s=100.0,
            duration_s=20.0,
            medians=(
                RequestKindMedian(request_kind="http_new", p50_us=Interval(812.0, 790.0, 841.0)),
                RequestKindMedian(request_kind="udp", p50_us=Interval(311.0, 300.0, 320.0)),
            ),
        ),
        "Medians in nftables mode, with only the cluster's own Services and the case's: HTTP on a new connection 812 us "
        "(790 to 841), UDP 311 us (300 to 320).",
    ),
    "capacity": (
        CapacityFinding(
            mode="iptables",
            requests="new connections",
            bound_ms=50.0,
            passed=PASSED,
            exceeded=EXCEEDED,
            attempts=(PASSED, EXCEEDED),
        ),
        "In iptables mode, p99 stayed within 50 ms up to 1,900 new connections per second; at 2,100 per second it did "
        "not (12 missed, 0 failed, p99 66,000 us).",
    ),
    "a capacity above the highest rate": (
        CapacityFinding(
            mode="iptables", requests="new connections", bound_ms=50.0, passed=PASSED, exceeded=None, attempts=(PASSED,)
        ),
        "In iptables mode, p99 stayed within 50 ms up to 1,900 new connections per second; no higher rate was tried.",
    ),
    "a capacity of the generator": (
        CapacityFinding(
            mode="iptables",
            requests="new connections",
            bound_ms=50.0,
            passed=PASSED,
            exceeded=replace(EXCEEDED, cpu_share=0.97, generator_busy=True),
            attempts=(PASSED, EXCEEDED),
        ),
        "In iptables mode, p99 stayed within 50 ms up to 1,900 new connections per second; at 2,100 per second the "
        "generator itself used 97% of a core, so the limit may be the generator's.",
    ),
    "a capacity beyond which nothing is answered": (
        CapacityFinding(
            mode="iptables",
            requests="new connections",
            bound_ms=50.0,
            passed=PASSED,
            exceeded=replace(EXCEEDED, p99_us=math.inf, failed=9),
            attempts=(PASSED, EXCEEDED),
        ),
        "In iptables mode, p99 stayed within 50 ms up to 1,900 new connections per second; at 2,100 per second it did "
        "not (12 missed, 9 failed, no request was answered).",
    ),
    "no capacity": (
        CapacityFinding(
            mode="iptables",
            requests="new connections",
            bound_ms=50.0,
            passed=None,
            exceeded=EXCEEDED,
            attempts=(EXCEEDED,),
        ),
        "In iptables mode, p99 did not stay within 50 ms even at 2,100 new connections per second.",
    ),
    "load generators": (
        GeneratorsFinding(
            mode="iptables",
            connections="persistent",
            rate_per_s=100.0,
            turns=5,
            turn_s=10.0,
            generators=(
                OURS,
                GeneratorLatency(
                    generator="hey",
                    p50_us=Interval(600.0, 500.0, 600.0),
                    p99_us=Interval(1300.0, 1200.0, 1500.0),
                    above_baseline_us=Interval(200.0, 200.0, 300.0),
                    resolution_us=100.0,
                    differs=True,
                ),
            ),
        ),
        "With 100 requests per second on persistent connections in iptables mode: ours p50 401 (390 to 420) us, 81 (75 "
        "to 90) us above its loopback baseline, p99 900 (850 to 1,000) us; hey p50 600 (500 to 600) us, 200 (200 to "
        "300) us above its loopback baseline, p99 1,300 (1,200 to 1,500) us; above the baselines hey differs from ours.",
    ),
    "load generators that agree": (
        GeneratorsFinding(
            mode="iptables", connections="new", rate_per_s=12_345.0, turns=1, turn_s=10.0, generators=(OURS,)
        ),
        "With 12,345 requests per second on new connections in iptables mode: ours p50 401 (390 to 420) us, 81 (75 to 90) "
        "us above its loopback baseline, p99 900 (850 to 1,000) us; above the baselines all generators agree.",
    ),
    "load generators that differ": (
        GeneratorsFinding(
            mode="iptables",
            connections="new",
            rate_per_s=100.0,
            turns=5,
            turn_s=10.0,
            generators=(replace(OURS, generator="hey", differs=True), replace(OURS, generator="wrk", differs=True)),
        ),
        "With 100 requests per second on new connections in iptables mode: hey p50 401 (390 to 420) us, 81 (75 to 90) us "
        "above its loopback baseline, p99 900 (850 to 1,000) us; wrk p50 401 (390 to 420) us, 81 (75 to 90) us above its "
        "loopback baseline, p99 900 (850 to 1,000) us; above the baselines hey and wrk differ from ours.",
    ),
    "first packet SLI": (
        FirstPacketSliFinding(
            mode="nftables", services=1000, rate_per_s=30.0, duration_s=300.0, nodes=(WORKER, CONTROL_PLANE)
        ),
        "First packet latency by the definition of SIG Scalability's SLI, in nftables mode at 1,000 Services: p99 160.0 "
        "(155.0 to 162.0) us from worker (p50 98 us), 176.0 (173.0 to 180.0) us from control-plane (p50 101 us). Of "
        "18,000 connections 3 sent their SYN again; none failed.",
    ),
    "first packet SLI of too few samples": (
        FirstPacketSliFinding(
            mode="nftables",
            services=1000,
            rate_per_s=30.0,
            duration_s=1.0,
            nodes=(replace(WORKER, p99_us=UNKNOWN, failed=2),),
        ),
        "First packet latency by the definition of SIG Scalability's SLI, in nftables mode at 1,000 Services: p99 unknown "
        "from worker (too few samples). Of 9,000 connections none sent its SYN again; 2 more failed.",
    ),
    "busy host": (
        BusyHostFinding(
            mode="iptables",
            busy_loops=2,
            rate_per_s=100.0,
            duration_s=20.0,
            clocks=(
                ClockTail(clock="our kernel's clock", idle_p99_us=174.0, busy_p99_us=201.0),
                ClockTail(clock="hey", idle_p99_us=1000.0, busy_p99_us=4200.0),
            ),
        ),
        "In iptables mode the ratio of p99 of a new connection with 2 busy loops to p99 without: 1.16 by our kernel's "
        "clock, 4.20 by hey.",
    ),
    "requests per CPU second": (
        RequestsPerCpuSecondFinding(
            mode="iptables",
            rate_per_s=400.0,
            turns=3,
            turn_s=10.0,
            users=(
                UserEfficiency(user="ours", requests_per_cpu_s=Interval(2400.4, 2350.0, 2500.0)),
                UserEfficiency(user="FastHttpUser", requests_per_cpu_s=Interval(1800.0, 1700.0, 1900.0)),
            ),
        ),
        "Requests per CPU second of the process that sends them, at 400 requests per second on persistent connections in "
        "iptables mode: ours 2,400 (2,350 to 2,500), FastHttpUser 1,800 (1,700 to 1,900).",
    ),
    **CHANGES_AND_RUNS,
}
