"""The fixture of cases that measure at growing numbers of Services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import pytest

from clusters.cluster import Cluster
from clusters.progress import Progress
from clusters.spec import Mode, Substrate
from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.etcd import Etcd
from harness.kube.nodeshell import NodeShell
from harness.kube.proxies import Proxies
from harness.kube.services import ServiceMaker
from harness.kube.wait import Waits
from harness.load.calibration import rule_chain
from harness.load.generator import LoadGenerator, load_generator
from harness.load.setting import SweepPlan, SweepSetting
from harness.load.step import Step
from harness.load.sweep import sweep
from reports.model import Measurement

TARGETS = 12
RATE_PER_S = {Substrate.HOST: 450, Substrate.UML: 170}
"""Far below what a generator can do, of which the floor has its share; a guest of user-mode Linux is slower."""

DURATION_S, QUICK_S, WHOLE_S = 20, 40, 120
"""Of each step: for a claim, for the laboratory's quick sweep, and for one up to `WHOLE` Services or more."""

SPARE_S = {Substrate.HOST: 360, Substrate.UML: 240}
"""For those steps of a whole sweep in which the host is not calm; it ends within half an hour."""

WHOLE = 2000

ALL_SERVICES = {
    Substrate.HOST: (0, 10, 100, 1000, 2000, 5000, 10000, 0),
    Substrate.UML: (0, 10, 100, 1000, 1500, 1750, 2000, 0),
}
"""A guest of user-mode Linux takes minutes to program thousands; what a rule costs takes three steps with many."""


class Sweeper(Protocol):
    """Measures the first packet at these numbers of Services, in this order; every step is in the report.

    With `twins` it is the laboratory's: each position is measured under two names, for longer, and in iptables mode
    beside a chain of rules that never match.
    """

    def __call__(self, *services: int, twins: bool = False) -> list[Step]: ...


@pytest.fixture
def mode(cluster: Cluster) -> Mode:
    """The mode in which kube-proxies run as long as the case lasts."""
    return cluster.mode


@pytest.fixture
def generator(cluster: Cluster, kube: Kube, namespace: str) -> Iterator[LoadGenerator]:
    """A load generator on the first worker."""
    with load_generator(kube, namespace, cluster.workers[0]) as made:
        yield made


@pytest.fixture
def fillers_etcd(cluster: Cluster, node_shell: NodeShell) -> Etcd | None:
    """Where filler Services may be written past the API server: in a kind cluster of our own."""
    return None if cluster.network is None else Etcd(node_shell, cluster)


@pytest.fixture
def sweep_setting(
    cluster: Cluster,
    mode: Mode,
    kube: Kube,
    fillers_etcd: Etcd | None,
    namespace: str,
    dataplane: DataPlane,
    proxies: Proxies,
    shell: ProxyShell,
    make_service: ServiceMaker,
    generator: LoadGenerator,
) -> SweepSetting:
    """A load generator on one worker, a dozen Services whose only endpoint is on another, and one with its own beside
    the generator."""
    load_node, backend_node = cluster.workers[:2]
    target = make_service("target", 1, node=backend_node.name)
    fronts = (target.front, *target.add_fronts(*(f"target-{number}" for number in range(1, TARGETS))))
    near = make_service("near", 1, node=load_node.name)
    return SweepSetting(
        kube,
        fillers_etcd,
        mode,
        dataplane,
        proxies,
        shell,
        namespace,
        generator,
        load_node,
        target.name,
        fronts,
        near.front,
    )


@pytest.fixture
def sweep_services(cluster: Cluster, pytestconfig: pytest.Config) -> tuple[int, ...]:
    """The numbers of Services of a whole sweep, up to the most that were asked for."""
    most = pytestconfig.getoption("most_services")
    return tuple(services for services in ALL_SERVICES[cluster.substrate] if services <= most)


@pytest.fixture
def run_sweep(
    cluster: Cluster,
    sweep_setting: SweepSetting,
    waits: Waits,
    seed: int,
    measurements: list[Measurement],
    progress: Progress,
) -> Sweeper:
    """Measure in this case."""

    def run(*services: int, twins: bool = False) -> list[Step]:
        steps: list[Step] = []
        setting = sweep_setting
        if twins and setting.mode is Mode.IPTABLES:
            setting = _with_chain(setting, waits)
        duration_s = step_s(max(services), twins)
        spare_s = SPARE_S[cluster.substrate] if duration_s == WHOLE_S else 0
        plan = SweepPlan(services, RATE_PER_S[cluster.substrate], duration_s, seed, twins, spare_s)
        with sweep(setting, plan, progress) as measured:
            for step in measured:
                steps.append(step)
                measurements.extend(_named(found, cluster.mode) for found in step.measurements)
        return steps

    return run


def step_s(most: int, twins: bool) -> float:
    """How long each step is measured in a sweep of up to `most` Services."""
    if not twins:
        return DURATION_S
    return WHOLE_S if most >= WHOLE else QUICK_S


def _with_chain(setting: SweepSetting, waits: Waits) -> SweepSetting:
    chain = rule_chain(setting.kube, setting.namespace, waits, setting.shell, setting.load_node)
    return replace(setting, chain=chain)


def _named(found: Measurement, mode: Mode) -> Measurement:
    """Under a name of its own if it was made in another mode than the cluster's."""
    of = str(found.conditions["mode"])
    return found if of == mode else replace(found, name=f"{found.name} in {of} mode")
