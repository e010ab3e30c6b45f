"""A fault during one step of a sweep invalidates that step, with the reason, and the sweep continues."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace

import pytest

from clusters.cluster import Cluster
from clusters.host.progress import Progress
from clusters.spec import Substrate
from harness.dataplane.conntrack import limited_entries
from harness.kube.client import Kube
from harness.kube.wait import wait_until
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, LoadResult
from harness.performance.sweep.run import sweep
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step
from reports.model import Finding
from tests.planted.trial.sweeps import FULL_TABLE, LOST_WORKER, REFUSED_SERVICES, SweepTrial

SERVICES = (0, 10, 20)
FAULTY = 1
"""The number of the step with the fault; the steps before and after it must be valid."""

RATE_PER_S, DURATION_S = 150, 20
MOST_ENTRIES = 400
"""The limit of connection tracking. The load needs more, because an entry stays for ten seconds after its connection."""

QUOTA = "no-more-services"
QUOTA_DEADLINE_S = 60.0

pytestmark = [pytest.mark.workers(2), pytest.mark.exclusive, pytest.mark.disruptive]

PlantFault = Callable[[], AbstractContextManager[object]]
"""A function whose context manager keeps a fault in place."""


def test_a_lost_worker_invalidates_only_its_step(
    sweep_setting: SweepSetting, kube: Kube, seed: int, progress: Progress, findings: list[Finding]
) -> None:
    """Delete the generator's only worker pod while it sends; the next step uses the pod that replaces it."""
    setting = disturbed(sweep_setting, lambda: delete_worker(kube, sweep_setting.namespace))
    steps = sweep_with_fault(setting, seed, progress, nullcontext)

    record_trial("the generator's only worker is lost", f"{LOST_WORKER.piece} 1 of its workers$", steps, findings)


def test_refused_services_invalidate_only_their_step(
    sweep_setting: SweepSetting, kube: Kube, seed: int, progress: Progress, findings: list[Finding]
) -> None:
    """Let the API server refuse Services during one step, as it does when it has no free ClusterIPs."""
    steps = sweep_with_fault(sweep_setting, seed, progress, lambda: no_more_services(kube, sweep_setting.namespace))

    record_trial("the API server refuses more Services", f"{REFUSED_SERVICES.piece} 403", steps, findings)


def test_a_full_connection_tracking_table_invalidates_only_its_step(
    cluster: Cluster, sweep_setting: SweepSetting, seed: int, progress: Progress, findings: list[Finding]
) -> None:
    """Once the load has started, lower the conntrack limit of the generator's node below what the load needs."""
    if cluster.substrate is not Substrate.UML:
        pytest.skip("a kind node shares the conntrack limit with the host and cannot set it")
    shell, node = sweep_setting.access.shell, sweep_setting.origin.node
    with ExitStack() as limit:
        setting = disturbed(sweep_setting, lambda: limit.enter_context(limited_entries(shell, node, MOST_ENTRIES)))
        steps = sweep_with_fault(setting, seed, progress, lambda: closing(limit))

    expected = f"connection tracking of {re.escape(node.name)} {FULL_TABLE.piece} {MOST_ENTRIES} entries: "
    record_trial("the connection tracking table is full", expected, steps, findings)


def sweep_with_fault(setting: SweepSetting, seed: int, progress: Progress, plant: PlantFault) -> list[Step]:
    """Run a sweep with the fault in place during step `FAULTY`, and return all its steps."""
    plan = SweepPlan(SERVICES, RATE_PER_S, DURATION_S, seed)
    with sweep(setting, plan, progress) as measured:
        done = [next(measured.steps)]
        with plant():
            done.append(next(measured.steps))
        return [*done, *measured.steps]


def record_trial(fault: str, expected: str, steps: list[Step], findings: list[Finding]) -> None:
    """Add the trial to the report; fail unless the faulty step, and no other, is invalid for the expected reason."""
    trial = SweepTrial(fault, expected, tuple(steps), FAULTY)
    findings.append(trial.finding)
    assert trial.caught, trial.failure_message


class DisturbedGenerator(LoadGenerator):
    """A load generator that calls `disturb` once its plan with this number, from 0, has begun."""

    def __init__(self, generator: LoadGenerator, number: int, disturb: Callable[[], None]) -> None:
        super().__init__(generator.kube, generator.master)
        self._left, self._disturb = number, disturb

    def run(self, plan: LoadPlan, begun: Callable[[], None] = lambda: None) -> LoadResult:
        self._left -= 1
        return super().run(plan, self._disturb if self._left == -1 else begun)


def disturbed(setting: SweepSetting, disturb: Callable[[], None]) -> SweepSetting:
    """Return the setting with a generator that calls `disturb` once the load of step `FAULTY` has begun."""
    generator = DisturbedGenerator(setting.origin.generator, FAULTY, disturb)
    return replace(setting, origin=replace(setting.origin, generator=generator))


def delete_worker(kube: Kube, namespace: str) -> None:
    """Delete the generator's only worker pod without a grace period."""
    pods = f"/api/v1/namespaces/{namespace}/pods"
    (worker,) = (pod["metadata"]["name"] for pod in kube.get(f"{pods}?labelSelector=load")["items"])
    kube.request("DELETE", f"{pods}/{worker}?gracePeriodSeconds=0")


@contextmanager
def no_more_services(kube: Kube, namespace: str) -> Iterator[None]:
    """Keep a ResourceQuota of zero Services in force in the namespace."""
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": QUOTA},
        "spec": {"hard": {"services": "0"}},
    }
    try:
        kube.create(namespace, quota)
        wait_until(
            f"quota {QUOTA} of namespace {namespace} in force",
            lambda: kube.get(f"{quotas}/{QUOTA}").get("status", {}),
            lambda status: "services" in status.get("used", {}),
            deadline_s=QUOTA_DEADLINE_S,
        )
        yield
    finally:
        kube.delete(namespace, quota)
