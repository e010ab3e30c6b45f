"""What steady traffic has of changes that are made while it goes on."""

import time

import numpy as np
import pytest

from harness.suite import (
    Cluster,
    DataPlane,
    Etcd,
    Finding,
    Kube,
    LoadGenerator,
    LoadPlan,
    Measurement,
    Mode,
    Progress,
    Proxies,
    ProxyShell,
    RequestKind,
    ServiceHandle,
    ServiceMaker,
    Substrate,
    Target,
    TrafficUnderChange,
    Waits,
    dummy_services,
    open_data_plane,
    traffic_under_change,
    update_template,
)

RATE_PER_S = 100
SETTLED_S = 5.0
"""Of traffic before and after a change."""

ADDED = 1000
ADDING_S = {Substrate.HOST: 90.0, Substrate.UML: 150.0}
"""Of traffic to go on for while they come, and after; user-mode Linux takes its time to take them in."""

SWITCHES = {
    Substrate.HOST: {Mode.IPTABLES: Mode.NFTABLES, Mode.NFTABLES: Mode.IPTABLES, Mode.IPVS: Mode.NFTABLES},
    Substrate.UML: {Mode.IPTABLES: Mode.IPVS, Mode.IPVS: Mode.IPTABLES},
}
"""Debian's user-mode Linux has no nftables."""

pytestmark = [
    pytest.mark.workers(2),
    pytest.mark.performance,
    pytest.mark.exclusive,
    pytest.mark.usefixtures("undisturbed"),
]


class Record:
    """Puts what traffic had of a change into the report."""

    def __init__(self, cluster: Cluster, seed: int, measurements: list[Measurement], findings: list[Finding]) -> None:
        self._cluster, self._seed = cluster, seed
        self._measurements, self._findings = measurements, findings

    def add(self, traffic: TrafficUnderChange) -> None:
        conditions: dict[str, object] = {"mode": str(self._cluster.mode), "substrate": str(self._cluster.substrate)}
        self._measurements.extend(traffic.measurements(conditions, np.random.default_rng(self._seed)))
        self._findings.append(traffic.finding(self._cluster.mode))


@pytest.fixture
def record(cluster: Cluster, seed: int, measurements: list[Measurement], findings: list[Finding]) -> Record:
    return Record(cluster, seed, measurements, findings)


@pytest.fixture
def web(cluster: Cluster, make_service: ServiceMaker) -> ServiceHandle:
    """Three backends on the node where the generator is not."""
    return make_service("web", 3, node=cluster.workers[1].name)


def plan(web: ServiceHandle, duration_s: float, seed: int) -> LoadPlan:
    """GETs of the backend's name, each on a connection of its own."""
    target = Target("web", web.cluster_ip, 80)
    return LoadPlan((target,), RATE_PER_S, duration_s, seed, RequestKind.HTTP_NEW, "/hostname")


def test_traffic_while_services_are_added(
    cluster: Cluster,
    kube: Kube,
    dataplane: DataPlane,
    dummy_services_etcd: Etcd | None,
    proxies: Proxies,
    namespace: str,
    generator: LoadGenerator,
    web: ServiceHandle,
    record: Record,
    seed: int,
    progress: Progress,
) -> None:
    """A thousand Services come, and traffic to another one goes on."""
    load = plan(web, ADDING_S[cluster.substrate], seed)
    with dummy_services(kube, dummy_services_etcd, dataplane, proxies, namespace, progress) as dummies:
        with traffic_under_change(generator, load, f"{ADDED} Services are added") as traffic:
            settle()
            with traffic.changing():
                programmed_s = dummies.bring_to(ADDED)
        progress.note(f"in every kernel after {programmed_s:.1f} s")
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
    """Every backend is replaced, and connections that reach one that is gone are counted."""
    with traffic_under_change(generator, plan(web, 45.0, seed), "A Deployment of three is updated") as traffic:
        settle()
        with traffic.changing():
            update_template(kube, namespace, web.name, "second")
            waits.wait_deployment_available(namespace, web.name)
    record.add(traffic)


@pytest.mark.disruptive
def test_traffic_while_kube_proxy_restarts(
    cluster: Cluster, proxies: Proxies, generator: LoadGenerator, web: ServiceHandle, record: Record, seed: int
) -> None:
    """The kube-proxy of the generator's node ends and another begins."""
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
    proxies: Proxies,
    shell: ProxyShell,
    generator: LoadGenerator,
    web: ServiceHandle,
    record: Record,
    seed: int,
    findings: list[Finding],
) -> None:
    """The generator's node goes to another mode and back; what is left of each in its kernel then."""
    node, other = cluster.workers[0], SWITCHES[cluster.substrate][cluster.mode]
    ours, theirs = open_data_plane(cluster.mode, shell), open_data_plane(other, shell)
    change = f"The mode of {node.name} goes to {other} and back{with_its_kernel(cluster)}"
    with traffic_under_change(generator, plan(web, 90.0, seed), change) as traffic:
        settle()
        with traffic.changing(), proxies.changing((node,), "mode") as set_mode:
            set_mode(str(other))
            left_of_ours = ours.rule_count(node)
        left_of_theirs = theirs.rule_count(node)
    record.add(traffic)
    findings.append(left_over(cluster, other, left_of_ours.rules, left_of_theirs.rules))


def left_over(cluster: Cluster, other: Mode, left_of_ours: int, left_of_theirs: int) -> Finding:
    """What each mode has left behind in the kernel for the next one; one that began anew could not keep anything."""
    node, ours = cluster.workers[0].name, cluster.mode
    how = "read from the kernel once, after the first sync"
    if cluster.substrate is Substrate.UML:
        statement = (
            f"What {ours} mode leaves behind on {node} cannot be told: its user-mode Linux ends with kube-proxy."
        )
        return Finding("left over", statement, {}, how)
    return Finding(
        "left over",
        f"On {node}, while kube-proxy ran in {other} mode, {left_of_ours} rules of {ours} mode were left; and, back in "
        f"{ours} mode, {left_of_theirs} of {other} mode.",
        {"left_of_the_old": left_of_ours, "left_of_the_other": left_of_theirs},
        how,
    )


def with_its_kernel(cluster: Cluster) -> str:
    """User-mode Linux is a part of kube-proxy's pod; elsewhere the kernel goes on while kube-proxy does not."""
    return ", and its user-mode Linux with it" if cluster.substrate is Substrate.UML else ""


def settle() -> None:
    """Traffic of undisturbed seconds, which a change is held against."""
    time.sleep(SETTLED_S)  # it is their number that is wanted
