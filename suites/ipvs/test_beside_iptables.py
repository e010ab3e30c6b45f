"""ipvs and iptables mode on one kernel, in one run, with the same Services."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.suite import (
    ClaimRecorder,
    Client,
    ClientMaker,
    Comparison,
    IptablesDataPlane,
    Measurement,
    Mode,
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
    dummy_services,
    in_words,
    measure,
    range_of,
    service,
    wait_until,
    with_youngest,
)

SERVICES = 1000
REPETITIONS = 5
CONNECTIONS = 200
SYNC_DEADLINE_S = 60.0
THINGS = (
    "what the Services between the first and the last add to a first packet, us",
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
    sweep_setting: SweepSetting,
    shell: ProxyShell,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    measurements: list[Measurement],
    claim: ClaimRecorder,
    seed: int,
    progress: Progress,
) -> None:
    """One node's kube-proxy goes from ipvs to iptables and back; what a packet and a change cost, at 1,000 Services."""
    there, node, proxies = sweep_setting, sweep_setting.load_node, sweep_setting.proxies
    web = make_service("web", 1)
    client = make_client("client", node=node)
    plan = SweepPlan((SERVICES,), rate_per_s=150, duration_s=20, seed=seed)

    with dummy_services(there.kube, there.etcd, there.dataplane, proxies, there.namespace, progress) as dummies:
        progress.step(f"{SERVICES} Services")
        programmed_s = dummies.bring_to(SERVICES)
        progress.note(f"in every kernel after {programmed_s:.1f} s")
        there = with_youngest(there, 0)
        ipvs = measure(there, plan, 0, SERVICES, programmed_s)
        by_ipvs = costs(ipvs, "ipvs", web, client, proxies, node)
        with proxies.changing((node,), "mode") as set_mode, ExitStack() as before_ipvs_is_back:
            # With that many Services a user-mode Linux needs minutes until its first sync.
            before_ipvs_is_back.callback(dummies.remove)
            set_mode("iptables")
            beside = replace(there, mode=Mode.IPTABLES, dataplane=IptablesDataPlane(shell))
            iptables = measure(beside, plan, 1, SERVICES, programmed_s)
            by_iptables = costs(iptables, "iptables", web, client, proxies, node)

    for found in (*ipvs.measurements, *iptables.measurements):
        # A name that keeps them apart from the sweep's.
        measurements.append(replace(found, name=f"{found.name} of two modes"))

    comparisons = [Comparison(*found) for found in zip(THINGS, by_ipvs, by_iptables, strict=True)]
    decide(
        claim, comparisons, f"On node {node.name} at {SERVICES} Services: {in_words(comparisons, 'ipvs', 'iptables')}."
    )
    assert ipvs.rules.rules < iptables.rules.rules, "the other mode was not on trial"


def decide(claim: ClaimRecorder, comparisons: list[Comparison], evidence: str) -> None:
    """Better in all that can be told, in nothing, or only in some."""
    better = [found.thing for found in comparisons if found.better]
    worse = [found.thing for found in comparisons if found.worse]
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
    return first_and_last_apart(step), range_of(requests_s), range_of(syncs_s)


def first_and_last_apart(step: Step) -> Range:
    """What the Services between two cost the connections of one of them, by the kernel's clock.

    First and last by the rule's place in iptables mode, by age in ipvs mode, where a list might begin with the oldest
    or with the youngest. The two modes are measured minutes apart, in which a host may move by more than they differ;
    the first Service and the last are measured in the same moments.
    """
    assert step.last_above_first is not None, "the last Service was not measured"
    return step.last_above_first.size


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
