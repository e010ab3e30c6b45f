"""The sweep: first packet latency to a ClusterIP as the number of Services grows.

The generator on one node, endpoints on another, and one more Service whose endpoint is beside the generator. At each
step the fillers are brought to their number, every node's kernel is seen to hold them, and three of a dozen equal
target Services are measured: those whose rules come first, in the middle and last, in the laboratory each under two
names, so that what chance alone makes of a difference stands beside every difference. Where a rule stands is read from
the generator's kernel before and after, because kube-proxy orders rules anew whenever it writes them. Where fronts are
looked up, first is the oldest and last one that is made after the fillers, with all of them between the two, so that a
list would show. Among them the generator connects to a server in its own pod, its floor, which meets no rule: what
moves with it from step to step is the host's. Zero is measured first and again last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Node
from clusters.progress import Progress
from harness.dataplane.conntrack import Losses, entry_limit, losses
from harness.dataplane.reader import ServiceAddress
from harness.dataplane.services import service_path, wait_backends
from harness.errors import DeadlinePassed
from harness.kube.objects.workloads import service
from harness.performance.dummy_services.count import DummyServices, dummy_services
from harness.performance.sweep.measuring import measure
from harness.performance.sweep.proxy_cost import cost_of
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step


@contextmanager
def sweep(setting: SweepSetting, plan: SweepPlan, progress: Progress) -> Iterator[Iterator[Step]]:
    """Every step in order, each taken when it is asked for; at the block's end no kernel holds a filler any more."""
    with dummy_services(
        setting.kube, setting.etcd, setting.dataplane, setting.proxies, setting.namespace, progress
    ) as dummies:
        yield _steps(setting, plan, dummies, progress)


def _steps(setting: SweepSetting, plan: SweepPlan, dummies: DummyServices, progress: Progress) -> Iterator[Step]:
    spare_s = plan.spare_s
    for number, services in enumerate(plan.services):
        progress.step(f"{services} Services")
        before = setting.proxies.usage(setting.load_node)
        here, programmed_s, invalid_reason = _bring_to(setting, dummies, number, services)
        after = setting.proxies.usage(setting.load_node)
        lost = _losses(setting)
        progress.note(invalid_reason or f"in every kernel after {programmed_s:.1f} s")
        share_s = min(plan.duration_s, spare_s / (len(plan.services) - number))
        step = measure(here, plan, number, services, programmed_s, share_s).invalidated(invalid_reason)
        progress.note(f"measured for {step.duration_s:.0f} s")
        spare_s -= step.duration_s - plan.duration_s
        step = step.invalidated(_full_tables(setting, lost))
        yield replace(step, cost=cost_of(services, before, after, step.rules, step.tracked))


def _losses(setting: SweepSetting) -> dict[Node, Losses]:
    """Of every node, for a connection is tracked on its endpoint's as well."""
    return {node: losses(setting.shell, node) for node in setting.kube.cluster.nodes}


def _full_tables(setting: SweepSetting, before: dict[Node, Losses]) -> str:
    """Which nodes' tables of connections were full since then, and what that has cost."""
    since = {node: now.since(before[node]) for node, now in _losses(setting).items()}
    return "; ".join(
        f"connection tracking of {node.name} was full, with {entry_limit(setting.shell, node)} entries: "
        f"{lost.evicted} had to go before their time and {lost.turned_away} packets were dropped"
        for node, lost in since.items()
        if lost.table_was_full
    )


def _bring_to(
    setting: SweepSetting, dummies: DummyServices, number: int, services: int
) -> tuple[SweepSetting, float, str]:
    """The setting with a youngest front, seconds until the kernels have followed, and what went wrong."""
    begin_s = time.monotonic()
    try:
        programmed_s = dummies.bring_to(services, at_once=True)
        return with_youngest(setting, number), programmed_s, ""
    except DeadlinePassed as late:
        return setting, time.monotonic() - begin_s, f"the kernels have not followed: {late}"
    except ApiException as refusal:
        invalid_reason = f"the API server refused Services: {refusal.status} {refusal.reason}"
        return setting, time.monotonic() - begin_s, invalid_reason


def with_youngest(setting: SweepSetting, number: int) -> SweepSetting:
    """The same with a front that is made now in place of the last one, as soon as the generator's kernel has it."""
    name = f"youngest-{number}"
    setting.kube.create(setting.namespace, service(name, setting.backend))
    made = setting.kube.get(service_path(setting.namespace, name))["spec"]
    service_address = ServiceAddress(made["clusterIP"], setting.near.port)
    backends = setting.dataplane.service(setting.load_node, setting.service_addresses[0]).backends
    wait_backends(setting.dataplane, setting.load_node, service_address, backends)
    return replace(setting, service_addresses=(*setting.service_addresses[:-1], service_address))
