"""ipvs and iptables mode on one kernel, in one run, with the same Services."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.suite import (
    ClaimRecorder,
    Client,
    ClientMaker,
    Cluster,
    Contrast,
    DataPlane,
    IptablesDataPlane,
    Kube,
    Measurement,
    Node,
    Progress,
    Proxies,
    ProxyShell,
    Range,
    Request,
    ServiceHandle,
    ServiceMaker,
    Step,
    SweepPlan,
    SweepSetting,
    filling,
    in_words,
    measure,
    range_of,
    service,
    wait_until,
)

SERVICES, TARGETS = 1000, 12
REPETITIONS = 5
CONNECTIONS = 200
SYNC_DEADLINE_S = 60.0
THINGS = (
    "the first packet to the last Service, us",
    f"{CONNECTIONS} requests, one after the other, s",
    "kube-proxy's sync for one Service more, s",
)


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.usefixtures("undisturbed")
@pytest.mark.claim("2.2")
def test_ipvs_beside_iptables_on_one_kernel(
    cluster: Cluster,
    kube: Kube,
    namespace: str,
    dataplane: DataPlane,
    shell: ProxyShell,
    proxies: Proxies,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    measurements: list[Measurement],
    claim: ClaimRecorder,
    seed: int,
    progress: Progress,
) -> None:
    """One node's kube-proxy goes from ipvs to iptables and back; what a packet and a change cost, at 1,000 Services."""
    if cluster.mode != "ipvs":
        reason = "is decided where the cluster is in ipvs mode, by another proxy on one of its nodes"
        claim.untested("2.2", reason)
        pytest.skip(reason)
    node, backend_node = cluster.workers[:2]
    web = make_service("target", 1, node=backend_node.name)
    fronts = (web.front, *web.add_fronts(*(f"target-{number}" for number in range(1, TARGETS))))
    client = make_client("load", node=node)
    setting = SweepSetting(kube, dataplane, proxies, namespace, client.name, node, fronts)
    plan = SweepPlan((SERVICES,), rate_per_s=150, duration_s=20, seed=seed)

    with filling(kube, dataplane, proxies, namespace) as fillers:
        progress.step(f"{SERVICES} Services")
        programmed_s = fillers.bring_to(SERVICES)
        progress.note(f"in every kernel after {programmed_s:.1f} s")
        ipvs = measure(setting, plan, 0, SERVICES, programmed_s)
        by_ipvs = costs(ipvs, "ipvs", web, client, proxies, node)
        with proxies.changing(node, "mode") as set_mode, ExitStack() as before_ipvs_is_back:
            # With that many Services a user-mode Linux needs minutes until its first sync.
            before_ipvs_is_back.callback(fillers.remove)
            set_mode("iptables")
            beside = replace(setting, dataplane=IptablesDataPlane(shell))
            iptables = measure(beside, plan, 1, SERVICES, programmed_s)
            by_iptables = costs(iptables, "iptables", web, client, proxies, node)

    for mode, step in (("ipvs", ipvs), ("iptables", iptables)):
        measurements.extend(beside_the_other(mode, found) for found in step.measurements)

    contrasts = [Contrast(*found) for found in zip(THINGS, by_ipvs, by_iptables, strict=True)]
    decide(claim, contrasts, f"On node {node.name} at {SERVICES} Services: {in_words(contrasts, 'ipvs', 'iptables')}.")
    assert ipvs.rules.rules < iptables.rules.rules, "the other mode was not on trial"


def beside_the_other(mode: str, found: Measurement) -> Measurement:
    """With the mode that it is of, and under a name that keeps it apart from the sweep's."""
    return replace(found, name=f"{found.name} of two modes", conditions={**found.conditions, "mode": mode})


def decide(claim: ClaimRecorder, contrasts: list[Contrast], evidence: str) -> None:
    """Better in all that can be told, in nothing, or only in some."""
    better = [found.thing for found in contrasts if found.better]
    worse = [found.thing for found in contrasts if found.worse]
    if not better and not worse:
        claim.untested("2.2", f"this host was too restless to tell. {evidence}")
    elif better and worse:
        claim.conditional("2.2", f"better is {' and '.join(better)}; worse is {' and '.join(worse)}", evidence)
    else:
        claim.decide("2.2", bool(better), evidence)


def costs(
    step: Step, mode: str, web: ServiceHandle, client: Client, proxies: Proxies, node: Node
) -> tuple[Range, Range, Range]:
    """The three things, in their order, as they are now."""
    requests_s = [request_time_s(client, web) for _ in range(REPETITIONS)]
    syncs_s = [sync_time_s(f"{mode}-{number}", web, proxies, node) for number in range(REPETITIONS)]
    return first_packet_us(step), range_of(requests_s), range_of(syncs_s)


def first_packet_us(step: Step) -> Range:
    """The median to the Service whose rule stands last, by the kernel's clock, with its interval."""
    for found in step.measurements:
        if (found.conditions.get("position"), found.conditions["clock"]) == ("end", "kernel"):
            return Range(found.quantiles["p50"], *found.ci95["p50"])
    raise AssertionError("the last Service was not measured")


def request_time_s(client: Client, web: ServiceHandle) -> float:
    """How long so many requests took together."""
    replies = client.send(Request(web.cluster_ip, 80, CONNECTIONS))
    assert all(reply.ok for reply in replies), "requests were lost"
    return sum(reply.latency_us for reply in replies) / 1e6


def sync_time_s(name: str, web: ServiceHandle, proxies: Proxies, node: Node) -> float:
    """How long kube-proxy took each time that it worked for a new Service `name`."""
    before = proxies.syncs(node)
    web.kube.create(web.namespace, service(name, web.name))
    after = wait_until(
        f"kube-proxy on node {node.name} through a sync for Service {name}",
        lambda: proxies.syncs(node),
        lambda syncs: syncs.count > before.count,
        deadline_s=SYNC_DEADLINE_S,
    )
    return (after.total_s - before.total_s) / (after.count - before.count)
