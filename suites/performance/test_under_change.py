"""Traffic under change: failures and delays of steady traffic while something in the cluster changes."""

import time

import pytest

from harness.dataplane.modes import mode_to_switch_to
from harness.findings import Conditions
from harness.kube.objects.workloads import update_template
from harness.kube_proxy.live_switch import LiveSwitch
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, RequestKind, Target
from harness.performance.access import ClusterAccess
from harness.performance.dummy_services.count import dummy_services
from harness.performance.under_change import TrafficUnderChange, traffic_under_change
from harness.suite import (
    Cluster,
    Finding,
    Kube,
    Measurement,
    Progress,
    Proxies,
    ProxyShell,
    ServiceHandle,
    ServiceMaker,
    Substrate,
    Waits,
)

RATE_PER_S = 100
SETTLED_S = 5.0
"""Seconds of undisturbed traffic before a change, to compare with."""

ADDED = 1000
ADDING_S = {Substrate.HOST: 90.0, Substrate.UML: 150.0}
"""Seconds of traffic while Services are added and after. On user-mode Linux programming them takes longer."""

pytestmark = [
    pytest.mark.workers(2),
    pytest.mark.performance,
    pytest.mark.exclusive,
    pytest.mark.usefixtures("undisturbed"),
]


class Record:
    """Adds the measurements and the finding of traffic under change to the report."""

    def __init__(self, cluster: Cluster, measurements: list[Measurement], findings: list[Finding]) -> None:
        self._cluster = cluster
        self._measurements, self._findings = measurements, findings

    def add(self, traffic: TrafficUnderChange) -> None:
        conditions = Conditions(mode=self._cluster.mode, substrate=self._cluster.substrate)
        self._measurements.extend(traffic.measurements(conditions))
        self._findings.append(traffic.finding(self._cluster.mode))


@pytest.fixture
def record(cluster: Cluster, measurements: list[Measurement], findings: list[Finding]) -> Record:
    return Record(cluster, measurements, findings)


@pytest.fixture
def web(cluster: Cluster, make_service: ServiceMaker) -> ServiceHandle:
    """A Service with three backends on another node than the generator's."""
    return make_service("web", 3, node=cluster.workers[1].name)


def plan(web: ServiceHandle, duration_s: float, seed: int) -> LoadPlan:
    """Return a load plan of GET requests for the backend's name, each on a new connection."""
    target = Target("web", web.cluster_ip, 80)
    return LoadPlan((target,), RATE_PER_S, duration_s, seed, RequestKind.HTTP_NEW, "/hostname")


def test_traffic_while_services_are_added(
    cluster: Cluster,
    cluster_access: ClusterAccess,
    namespace: str,
    generator: LoadGenerator,
    web: ServiceHandle,
    record: Record,
    seed: int,
    progress: Progress,
) -> None:
    """Measure traffic to one Service while a thousand others are added."""
    load = plan(web, ADDING_S[cluster.substrate], seed)
    with dummy_services(cluster_access, namespace, progress) as dummies:
        with traffic_under_change(generator, load, f"{ADDED} Services are added") as traffic:
            settle()
            with traffic.changing():
                programmed_s = dummies.bring_to(ADDED)
        progress.note(f"programmed in every kernel after {programmed_s:.1f} s")
        record.add(traffic)


def test_traffic_while_a_deployment_rolls(
    kube: Kube,
    waits: Waits,
    namespace: str,
    generator: LoadGenerator,
    web: ServiceHandle,
    record: Record,
    seed: int,
) -> None:
    """Measure traffic to a Service while a rolling update replaces all its backends."""
    with traffic_under_change(generator, plan(web, 45.0, seed), "A Deployment of three replicas is updated") as traffic:
        settle()
        with traffic.changing():
            update_template(kube, namespace, web.name, "second")
            waits.wait_deployment_available(namespace, web.name)
    record.add(traffic)


@pytest.mark.disruptive
def test_traffic_while_kube_proxy_restarts(
    cluster: Cluster, proxies: Proxies, generator: LoadGenerator, web: ServiceHandle, record: Record, seed: int
) -> None:
    """Measure traffic from a node while its kube-proxy is replaced."""
    node = cluster.workers[0]
    change = f"kube-proxy on {node.name} is replaced{with_its_kernel(cluster)}"
    with traffic_under_change(generator, plan(web, 60.0, seed), change) as traffic:
        settle()
        with traffic.changing():
            proxies.restart(node)
    record.add(traffic)


@pytest.mark.disruptive
def test_traffic_while_the_mode_is_switched(
    cluster: Cluster,
    kube: Kube,
    proxies: Proxies,
    shell: ProxyShell,
    generator: LoadGenerator,
    web: ServiceHandle,
    record: Record,
    seed: int,
) -> None:
    """Measure traffic from a node while its kube-proxy switches to another mode and back on the same kernel."""
    node = cluster.workers[0]
    other = mode_to_switch_to(cluster.mode, shell, node)
    change = f"kube-proxy on {node.name} is switched to {other} mode and back"
    live = LiveSwitch(kube, shell, proxies)
    with live.on(node) as switch, traffic_under_change(generator, plan(web, 90.0, seed), change) as traffic:
        settle()
        with traffic.changing():
            switch(other)
            switch(cluster.mode)
    record.add(traffic)


def with_its_kernel(cluster: Cluster) -> str:
    """Return an addition to the description of a restart of kube-proxy.

    User-mode Linux runs in kube-proxy's pod and restarts with it. Elsewhere the kernel keeps running.
    """
    return ", with its user-mode Linux" if cluster.substrate is Substrate.UML else ""


def settle() -> None:
    """Let traffic run undisturbed for `SETTLED_S` seconds, to compare with traffic under change."""
    time.sleep(SETTLED_S)  # a fixed duration, so there is no condition to wait for
