"""What spoils a step of a sweep is told with the step, and the sweep goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace

import pytest

from clusters.cluster import Cluster
from clusters.progress import Progress
from clusters.spec import Substrate
from harness.dataplane.conntrack import fewer_entries
from harness.kube.client import Kube
from harness.kube.wait import wait_until
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, LoadResult
from harness.performance.sweep.run import sweep
from harness.performance.sweep.setting import SweepPlan, SweepSetting
from harness.performance.sweep.step import Step
from reports.model import Finding
from tests.planted.sweeps import FULL_TABLE, LOST_WORKER, REFUSED_SERVICES, SweepTrial

SERVICES = (0, 10, 20)
SPOILT = 1
"""The step of which all of this is; the one before it and the one after it are sound."""

RATE_PER_S, DURATION_S = 150, 20
MOST_ENTRIES = 400
"""Of connection tracking: an entry stays for ten seconds after its connection's end, so that the load wants more."""

QUOTA = "no-more-services"
QUOTA_DEADLINE_S = 60.0

pytestmark = [pytest.mark.workers(2), pytest.mark.exclusive, pytest.mark.disruptive]

Trouble = Callable[[], AbstractContextManager[object]]


def test_a_lost_worker_marks_its_step_alone(
    sweep_setting: SweepSetting, kube: Kube, seed: int, progress: Progress, findings: list[Finding]
) -> None:
    """The only pod of the generator is deleted while it sends; the next step has the one that takes its place."""
    generator = Interrupted(sweep_setting.generator, SPOILT, lambda: delete_worker(kube, sweep_setting))
    steps = taken(replace(sweep_setting, generator=generator), seed, progress, nullcontext)

    judge("the generator's only worker is lost", f"1 {LOST_WORKER.piece}$", steps, findings)


def test_refused_services_mark_their_step_alone(
    sweep_setting: SweepSetting, kube: Kube, seed: int, progress: Progress, findings: list[Finding]
) -> None:
    """The API server takes no more Services, as when it has no more addresses, and later does again."""
    steps = taken(sweep_setting, seed, progress, lambda: no_more_services(kube, sweep_setting.namespace))

    judge("the API server takes no more Services", f"{REFUSED_SERVICES.piece} 403", steps, findings)


def test_a_full_connection_tracking_marks_its_step_alone(
    cluster: Cluster, sweep_setting: SweepSetting, seed: int, progress: Progress, findings: list[Finding]
) -> None:
    """The kernel of the generator's node allows fewer entries than the load wants, from when it sends."""
    if cluster.substrate is not Substrate.UML:
        pytest.skip("a kind node shares its limit with the host, and cannot set it")
    with ExitStack() as limit:

        def allow_few() -> None:
            limit.enter_context(fewer_entries(sweep_setting.shell, sweep_setting.load_node, MOST_ENTRIES))

        generator = Interrupted(sweep_setting.generator, SPOILT, allow_few)
        steps = taken(replace(sweep_setting, generator=generator), seed, progress, lambda: closing(limit))

    node = re.escape(sweep_setting.load_node.name)
    expected = f"connection tracking of {node} {FULL_TABLE.piece} {MOST_ENTRIES} entries: "
    judge("the table of connections is full", expected, steps, findings)


def taken(setting: SweepSetting, seed: int, progress: Progress, trouble: Trouble) -> list[Step]:
    """Every step, with `trouble` while the spoilt one is taken."""
    plan = SweepPlan(SERVICES, RATE_PER_S, DURATION_S, seed)
    with sweep(setting, plan, progress) as steps:
        made = [next(steps)]
        with trouble():
            made.append(next(steps))
        return [*made, *steps]


def judge(fault: str, expected: str, steps: list[Step], findings: list[Finding]) -> None:
    """Put the trial into the report's score; fail if the spoilt step does not give the expected reason, or not alone."""
    trial = SweepTrial(fault, expected, tuple(steps), SPOILT)
    findings.append(trial.finding)
    assert trial.caught, trial.complaint


class Interrupted(LoadGenerator):
    """A generator to which something happens in the midst of one plan."""

    def __init__(self, generator: LoadGenerator, number: int, happens: Callable[[], None]) -> None:
        super().__init__(generator.kube, generator.master)
        self._left, self._happens = number, happens

    def run(self, plan: LoadPlan, begun: Callable[[], None] = lambda: None) -> LoadResult:
        self._left -= 1
        return super().run(plan, self._happens if self._left == -1 else begun)


def delete_worker(kube: Kube, setting: SweepSetting) -> None:
    """Of the generator, with no time to say farewell."""
    pods = f"/api/v1/namespaces/{setting.namespace}/pods"
    (worker,) = (pod["metadata"]["name"] for pod in kube.get(f"{pods}?labelSelector=load")["items"])
    kube.request("DELETE", f"{pods}/{worker}?gracePeriodSeconds=0")


@contextmanager
def no_more_services(kube: Kube, namespace: str) -> Iterator[None]:
    """A quota that is used up."""
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
            "a quota of Services in force",
            lambda: kube.get(f"{quotas}/{QUOTA}").get("status", {}),
            lambda status: "services" in status.get("used", {}),
            deadline_s=QUOTA_DEADLINE_S,
        )
        yield
    finally:
        kube.delete(namespace, quota)
