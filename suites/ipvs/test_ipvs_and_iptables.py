"""A comparison of ipvs and iptables mode on the same kernel, in the same run, with the same Services."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.kube.objects.workloads import service
from harness.load.records import in_experiment
from harness.performance.dummy_services.count import dummy_services
from harness.performance.sweep.measuring import measure
from harness.performance.sweep.run import with_youngest
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step
from harness.statistics.comparison import Comparison, Range, in_words, range_of
from harness.suite import (
    ClaimRecorder,
    Client,
    ClientMaker,
    IptablesDataPlane,
    Measurement,
    Mode,
    Node,
    Progress,
    Proxies,
    Request,
    ServiceHandle,
    ServiceMaker,
    wait_until,
)

SERVICES = 1000
REPETITIONS = 5
CONNECTIONS = 200
SYNC_DEADLINE_S = 60.0
THINGS = (
    "difference of the first packet between the first and the last Service, us",
    f"{CONNECTIONS} sequential requests, s",
    "kube-proxy's sync for one additional Service, s",
)
"""The quantities that are compared, with their units. Less is better."""


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.usefixtures("undisturbed")
@pytest.mark.claim("2.2")
def test_ipvs_and_iptables_on_one_kernel(
    sweep_setting: SweepSetting,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    measurements: list[Measurement],
    claim: ClaimRecorder,
    seed: int,
    progress: Progress,
) -> None:
    """Compare first packet, requests and sync time in ipvs and iptables mode on one node, at 1,000 Services.

    The node's kube-proxy switches from ipvs to iptables mode and back.
    """
    setting, node, proxies = sweep_setting, sweep_setting.origin.node, sweep_setting.access.proxies
    web = make_service("web", 1)
    client = make_client("client", node=node)
    plan = SweepPlan((SERVICES, SERVICES), rate_per_s=150, duration_s=20, seed=seed)

    with dummy_services(setting.access, setting.namespace, progress) as dummies:
        progress.step(f"{SERVICES} Services")
        programmed_s = dummies.bring_to(SERVICES)
        progress.note(f"programmed in every kernel after {programmed_s:.1f} s")
        setting = with_youngest(setting, 0)
        ipvs = measure(setting, plan, 0)
        by_ipvs = costs(ipvs, "ipvs", web, client, proxies, node)
        with proxies.changing((node,), "mode") as set_mode, ExitStack() as before_return_to_ipvs:
            # With that many Services the first sync on a user-mode Linux takes minutes.
            before_return_to_ipvs.callback(dummies.remove)
            set_mode("iptables")
            iptables = measure(in_iptables_mode(setting), plan, 1)
            by_iptables = costs(iptables, "iptables", web, client, proxies, node)

    for found in (*ipvs.measurements, *iptables.measurements):
        measurements.append(in_experiment(found, "two modes on one node"))

    comparisons = [Comparison(*found) for found in zip(THINGS, by_ipvs, by_iptables, strict=True)]
    decide(
        claim, comparisons, f"On node {node.name} at {SERVICES} Services: {in_words(comparisons, 'ipvs', 'iptables')}."
    )
    ipvs_rules, iptables_rules = ipvs.cost.rules.rules, iptables.cost.rules.rules
    assert ipvs_rules < iptables_rules, (
        f"node {node.name} had {ipvs_rules} rules in ipvs mode and {iptables_rules} in iptables mode: "
        "it did not switch modes"
    )


def in_iptables_mode(setting: SweepSetting) -> SweepSetting:
    """Return the setting after the generator's node has been switched to iptables mode."""
    access = replace(setting.access, dataplane=IptablesDataPlane(setting.access.shell))
    return replace(setting, access=access, origin=replace(setting.origin, mode=Mode.IPTABLES))


def decide(claim: ClaimRecorder, comparisons: list[Comparison], evidence: str) -> None:
    """Record the verdict on claim 2.2.

    Confirmed if ipvs is better in every quantity, refuted if it is worse in every one, untested if no difference is
    seen in any. Otherwise conditional; the condition says in which quantities ipvs is better, in which it is worse, and
    for which these data cannot tell. Ranges that nearly touch overlap in one run and not in the next, so a quantity
    for which the data cannot tell must not decide between two verdicts.
    """
    better = [found.thing for found in comparisons if found.better]
    worse = [found.thing for found in comparisons if found.worse]
    unclear = [found.thing for found in comparisons if not found.differs]
    if not better and not worse:
        claim.untested("2.2", f"the figures of this host vary too much to decide. {evidence}")
    elif len(comparisons) in (len(better), len(worse)):
        claim.decide("2.2", bool(better), evidence)
    else:
        parts = {"better": better, "worse": worse, "cannot tell": unclear}
        claim.conditional(
            "2.2", "; ".join(f"{word}: {' and '.join(things)}" for word, things in parts.items() if things), evidence
        )


def costs(
    step: Step, mode: str, web: ServiceHandle, client: Client, proxies: Proxies, node: Node
) -> tuple[Range, Range, Range]:
    """Return the current values of `THINGS`, in their order."""
    requests_s = [request_time_s(client, web) for _ in range(REPETITIONS)]
    syncs_s = [sync_time_s(f"{mode}-{number}", web, proxies, node) for number in range(REPETITIONS)]
    return first_and_last_apart(step), range_of(requests_s), range_of(syncs_s)


def first_and_last_apart(step: Step) -> Range:
    """Return the difference of the first packet between the first and the last Service, by the kernel's clock, in us.

    First and last are by the rule's position in iptables mode, and by age in ipvs mode, where a list could begin with
    the oldest or with the youngest. The first and the last Service are measured at the same time. The two modes are
    measured minutes apart, and the host may change by more than they differ in that time.
    """
    last_above_first = step.latencies.last_above_first
    assert last_above_first is not None, "the last Service was not measured"
    return last_above_first.size


def request_time_s(client: Client, web: ServiceHandle) -> float:
    """Return the total duration of `CONNECTIONS` requests in seconds."""
    replies = client.send(Request(web.cluster_ip, 80, CONNECTIONS))
    lost = sum(not reply.ok for reply in replies)
    assert not lost, f"{lost} of {CONNECTIONS} requests from node {client.node} were lost"
    return sum(reply.latency_us for reply in replies) / 1e6


def sync_time_s(name: str, web: ServiceHandle, proxies: Proxies, node: Node) -> float:
    """Return kube-proxy's mean sync time in seconds after Service `name` is created."""
    before = proxies.syncs(node)
    web.kube.create(web.namespace, service(name, web.name))
    after = wait_until(
        f"a sync of kube-proxy on node {node.name} for Service {name}",
        lambda: proxies.syncs(node),
        lambda syncs: syncs.count > before.count,
        deadline_s=SYNC_DEADLINE_S,
    )
    return (after.total_s - before.total_s) / (after.count - before.count)
