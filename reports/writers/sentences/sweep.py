"""Sentences about sweeps and other measurements of latency."""

from __future__ import annotations

from reports.model.findings import (
    BusyHostFinding,
    CapacityFinding,
    CostFinding,
    CostPerRuleFinding,
    EndpointsFinding,
    FirstPacketSliFinding,
    GeneratorsFinding,
    GrowthConclusion,
    GrowthFinding,
    NodeFirstPacket,
    RateAttempt,
    RequestKindsFinding,
    RequestsPerCpuSecondFinding,
)
from reports.writers.readable import MB, finite, fixed, many, ratio, scaled, short, with_ends
from reports.writers.sentences.sentence import Sentence

REQUEST_KINDS = {
    "first_packet": "first packet",
    "http_new": "HTTP on a new connection",
    "http_kept": "HTTP on a persistent connection",
    "udp": "UDP",
    "dns": "DNS",
}


def growth(found: GrowthFinding) -> Sentence:
    slope = found.per_1000_services_us
    unit, called = " us per 1,000 Services", f"95% interval from {many(found.steps, 'step')}: "
    figures, high = with_ends(slope, unit=unit, called=called), finite(slope.high)
    undetected = short(None if high is None else float(f"{high:.2g}"))
    conclusions = {
        GrowthConclusion.GROWS: (
            f"the first packet of a new connection to the last Service takes longer by {figures}."
        ),
        GrowthConclusion.NO_GROWTH: (
            f"no growth of the first packet was detected: {figures}. Growth below {undetected} us per 1,000 "
            "Services could not have been detected."
        ),
        GrowthConclusion.UNKNOWN: (
            f"the data do not show whether the first packet takes longer with more Services: {figures}."
        ),
    }
    method = "a line through the median of each step"
    if found.above_control:
        method += " above the control: the same path without connection tracking, measured in the same seconds"
    elif found.baseline_corrected:
        method += "; corrected for drift of the loopback baseline, measured at the same time"
    return Sentence(f"In {found.mode} mode {conclusions[found.conclusion]}", method)


def cost(found: CostFinding) -> Sentence:
    """Describe the step with the most Services."""
    if not found.steps:
        return Sentence(f"The cost of no step is known ({found.mode} mode).", "one run")
    most = max(found.steps, key=lambda step: step.services)
    each = "" if found.endpoints == 1 else f" with {found.endpoints} endpoints each"
    programs = "" if most.programs_cpu_s is None else f" and {fixed(most.programs_cpu_s)} in programs that it ran"
    return Sentence(
        f"kube-proxy on {found.node} ({found.mode} mode) took {fixed(most.sync_s)} s ({many(most.syncs, 'sync')}; "
        f"{fixed(most.cpu_s)} CPU seconds itself{programs}) to get from the previous step to {most.services:,} "
        f"Services{each}. Then it used {fixed(scaled(most.memory_bytes, 1 / MB), 0)} MB of memory, and the kernel held "
        f"{most.rules:,} rules, {most.set_members:,} set members and {most.tracked:,} tracked connections.",
        "one run",
    )


def cost_per_rule(found: CostPerRuleFinding) -> Sentence:
    method = f"medians of steps with {found.least_rules} or more rules to traverse"
    if not found.steps:
        return Sentence(
            f"The cost per rule in {found.mode} mode is unknown: no valid step compares places {found.least_rules} or "
            "more rules apart, both in the sweep and in a chain that never matches.",
            "no step was used",
        )
    return Sentence(
        f"Cost per rule in {found.mode} mode, in nanoseconds: in the sweep, from the first Service to the last, and in "
        "a chain that never matches, measured at the same time. It depends on what else is in the processor's caches.",
        method,
    )


def endpoints(found: EndpointsFinding) -> Sentence:
    differences = ", ".join(
        f"{with_ends(difference.longer_us)} us with {difference.endpoints} endpoints"
        for difference in found.differences
    )
    return Sentence(
        f"In {found.mode} mode the first packet took longer than to a Service with one endpoint by {differences}.",
        "difference of medians of the same load, 95% intervals",
    )


def request_kinds(found: RequestKindsFinding) -> Sentence:
    medians = ", ".join(
        f"{REQUEST_KINDS.get(median.request_kind, median.request_kind)} {fixed(median.p50_us.value, 0)} us "
        f"({fixed(median.p50_us.low, 0)} to {fixed(median.p50_us.high, 0)})"
        for median in found.medians
    )
    return Sentence(
        f"Medians in {found.mode} mode, with only the cluster's own Services and the case's: {medians}.",
        f"{short(found.rate_per_s)} per second for {short(found.duration_s)} s each, 95% intervals",
    )


def first_packet_sli(found: FirstPacketSliFinding) -> Sentence:
    nodes = ", ".join(map(_of_node, found.nodes))
    connections = sum(one.connections for one in found.nodes)
    retransmitted, failed = sum(one.retransmitted for one in found.nodes), sum(one.failed for one in found.nodes)
    again = f"{retransmitted:,} sent their SYN again" if retransmitted else "none sent its SYN again"
    lost = f"{failed:,} more failed" if failed else "none failed"
    return Sentence(
        f"First packet latency by the definition of SIG Scalability's SLI, in {found.mode} mode at {found.services:,} "
        f"Services: p99 {nodes}. Of {connections:,} connections {again}; {lost}.",
        f"all nodes at once, {short(found.rate_per_s)} connections per second from each, {short(found.duration_s)} s, "
        "to Services with an endpoint on each worker; 95% intervals",
    )


def _of_node(found: NodeFirstPacket) -> str:
    if finite(found.p99_us.value) is None:
        return f"unknown from {found.node} (too few samples)"
    return f"{with_ends(found.p99_us)} us from {found.node} (p50 {fixed(found.p50_us.value, 0)} us)"


def capacity(found: CapacityFinding) -> Sentence:
    bound = f"{short(found.bound_ms)} ms"
    if found.passed is None:
        lowest = min((attempt.rate_per_s for attempt in found.attempts), default=0)
        return Sentence(
            f"In {found.mode} mode, p99 did not stay within {bound} even at {fixed(lowest, 0)} {found.requests} per "
            "second.",
            many(len(found.attempts), "rate"),
        )
    return Sentence(
        f"In {found.mode} mode, p99 stayed within {bound} up to {fixed(found.passed.rate_per_s, 0)} {found.requests} "
        f"per second; {_end(found.exceeded)}.",
        f"stepped search over {many(len(found.attempts), 'rate')}",
    )


def _end(exceeded: RateAttempt | None) -> str:
    """Say at which rate p99 exceeded the bound."""
    if exceeded is None:
        return "no higher rate was tried"
    rate = f"at {fixed(exceeded.rate_per_s, 0)} per second"
    if exceeded.generator_busy:
        share = f"{fixed(scaled(exceeded.cpu_share, 100), 0)}% of a core"
        return f"{rate} the generator itself used {share}, so the limit may be the generator's"
    answered = finite(exceeded.p99_us) is not None
    p99 = f"p99 {fixed(exceeded.p99_us, 0)} us" if answered else "no request was answered"
    return f"{rate} it did not ({exceeded.missed} missed, {exceeded.failed} failed, {p99})"


def generators(found: GeneratorsFinding) -> Sentence:
    words = "; ".join(
        f"{one.generator} p50 {with_ends(one.p50_us)} us, {with_ends(one.above_baseline_us)} us above its loopback "
        f"baseline, p99 {with_ends(one.p99_us)} us"
        for one in found.generators
    )
    apart = [one.generator for one in found.generators if one.differs]
    differ = "differ" if len(apart) > 1 else "differs"
    end = f"{' and '.join(apart)} {differ} from ours" if apart else "all generators agree"
    return Sentence(
        f"With {short(found.rate_per_s)} requests per second on {found.connections} connections in {found.mode} mode: "
        f"{words}; above the baselines {end}.",
        f"{many(found.turns, 'turn')} of {short(found.turn_s)} s each; values are medians of turns with their extremes",
    )


def busy_host(found: BusyHostFinding) -> Sentence:
    ratios = ", ".join(
        f"{fixed(ratio(tail.busy_p99_us, tail.idle_p99_us), 2)} by {tail.clock}" for tail in found.clocks
    )
    return Sentence(
        f"In {found.mode} mode the ratio of p99 of a new connection with {many(found.busy_loops, 'busy loop')} to p99 "
        f"without: {ratios}.",
        f"{short(found.rate_per_s)} per second for {short(found.duration_s)} s each, once",
    )


def requests_per_cpu_second(found: RequestsPerCpuSecondFinding) -> Sentence:
    users = ", ".join(f"{one.user} {with_ends(one.requests_per_cpu_s, 0)}" for one in found.users)
    return Sentence(
        f"Requests per CPU second of the process that sends them, at {short(found.rate_per_s)} requests per second on "
        f"persistent connections in {found.mode} mode: {users}.",
        f"{many(found.turns, 'turn')} of {short(found.turn_s)} s each; values are medians of turns with their extremes",
    )
