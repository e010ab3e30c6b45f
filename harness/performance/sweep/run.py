"""The sweep: first-packet latency to a ClusterIP as the number of Services grows.

The generator runs on one node and the endpoints on another; one more Service has its endpoint on the generator's node.
Each step brings the number of dummy Services to its value, waits until every node's kernel holds them, and measures
three of a dozen equal target Services: those whose rules come first, in the middle and last. Zero Services are measured
first and again last.

The performance suite measures each of the three under two labels (A/A pairs). The differences within these pairs show
how large a difference chance alone makes.

kube-proxy reorders the rules whenever it writes them, so the place of each target's rule is read from the generator's
kernel before and after the measurement. Where the kernel finds service addresses by look-up, the three targets are the
oldest, the middle one and the youngest. The youngest is created after the dummy Services, so all of them lie between
the oldest and the youngest in age: if the kernel searched a list, the two would differ.

The generator also connects to the targets' pod on the same path without connection tracking and NAT: the control, which
traverses none of the rules that choose endpoints. What a Service costs is the difference of both in the same seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Node
from clusters.host.clock import Clock
from clusters.host.progress import Progress
from harness.dataplane.conntrack import Losses, entry_limit, losses
from harness.dataplane.reader import ServiceAddress
from harness.dataplane.services import service_path, wait_backends
from harness.errors import DeadlinePassed
from harness.kube.objects.workloads import service
from harness.performance.dummy_services.count import CONVERGENCE_DEADLINE_S, DummyServices, dummy_services
from harness.performance.sweep.measuring import measure
from harness.performance.sweep.proxy_cost import cost_of
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep under way: each of its `steps` is measured when the iterator reaches it.

    Until the iterator goes on, the kernels hold the step's `dummies`.
    """

    setting: SweepSetting
    plan: SweepPlan
    dummies: DummyServices
    steps: Iterator[Step]


@contextmanager
def sweep(setting: SweepSetting, plan: SweepPlan, progress: Progress) -> Iterator[Sweep]:
    """Yield a sweep whose steps come in the plan's order.

    At the end of the block, the dummy Services are deleted and no kernel holds them any more.
    """
    with dummy_services(setting.access, setting.namespace, progress) as dummies:
        yield Sweep(setting, plan, dummies, _steps(setting, plan, dummies, progress))


def _steps(setting: SweepSetting, plan: SweepPlan, dummies: DummyServices, progress: Progress) -> Iterator[Step]:
    proxies, node = setting.access.proxies, setting.origin.node
    for number, services in enumerate(plan.services):
        progress.step(f"{services} Services")
        before = proxies.usage(node)
        here, programmed_s, invalid_reason = _bring_to(setting, dummies, number, services)
        after = proxies.usage(node)
        lost = _losses(setting)
        progress.note(invalid_reason or f"programmed in every kernel after {programmed_s:.1f} s")
        step = measure(here, plan.at(services), number).invalidated(invalid_reason)
        step = step.invalidated(_full_tables(setting, lost))
        used = cost_of(services, before, after, step.cost.rules, step.cost.tracked)
        used = replace(used, created_s=dummies.created_s, programmed_s=None if invalid_reason else programmed_s)
        yield replace(step, cost=replace(step.cost, programmed_s=programmed_s, proxy=used))


def _losses(setting: SweepSetting) -> dict[Node, Losses]:
    """Read the losses of connection tracking on every node: an endpoint's node tracks its connections too."""
    return {node: losses(setting.access.shell, node) for node in setting.access.kube.cluster.nodes}


def _full_tables(setting: SweepSetting, before: dict[Node, Losses]) -> str:
    """Return which nodes' connection tracking tables were full since `before`, and what they lost; else nothing."""
    since = {node: now.since(before[node]) for node, now in _losses(setting).items()}
    return "; ".join(
        f"connection tracking of {node.name} was full, with {entry_limit(setting.access.shell, node)} entries: "
        f"{lost.evicted} were evicted early and {lost.dropped_when_full} packets were dropped"
        for node, lost in since.items()
        if lost.table_was_full
    )


def _bring_to(
    setting: SweepSetting, dummies: DummyServices, number: int, services: int
) -> tuple[SweepSetting, float, str]:
    """Bring the dummy Services to their number and create the step's youngest Service.

    Return the setting with the youngest, the seconds until the kernels held the dummy Services, and what went wrong.
    """
    begin_s = time.monotonic()
    try:
        programmed_s = dummies.bring_to(services, at_once=True)
        return with_youngest(setting, number), programmed_s, ""
    except DeadlinePassed as late:
        return setting, time.monotonic() - begin_s, f"the kernels were not programmed in time: {late}"
    except ApiException as refusal:
        invalid_reason = f"the API server refused Services: {refusal.status} {refusal.reason}"
        return setting, time.monotonic() - begin_s, invalid_reason


def with_youngest(setting: SweepSetting, number: int, clock: Clock | None = None) -> SweepSetting:
    """Create a Service and wait for it in the generator's kernel; return the setting with it as the last target.

    The wait may take as long as the one for the dummy Services: in a user-mode Linux with 10,000 Services kube-proxy in
    ipvs mode syncs for minutes, and the youngest may have missed the beginning of a sync.
    """
    access, node, targets, name = setting.access, setting.origin.node, setting.targets, f"youngest-{number}"
    access.kube.create(setting.namespace, service(name, targets.backend))
    made = access.kube.get(service_path(setting.namespace, name))["spec"]
    service_address = ServiceAddress(made["clusterIP"], targets.same_node.port)
    backends = access.dataplane.service(node, targets.service_addresses[0]).backends
    wait_backends(access.dataplane, node, service_address, backends, CONVERGENCE_DEADLINE_S, clock)
    service_addresses = (*targets.service_addresses[:-1], service_address)
    return replace(setting, targets=replace(targets, service_addresses=service_addresses))
