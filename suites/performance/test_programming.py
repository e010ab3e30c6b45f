"""The time until connections from every node see a change, at growing numbers of Services."""

from dataclasses import replace

import pytest

from harness.dataplane.reader import Backend
from harness.findings import Conditions
from harness.load.plan import Target
from harness.performance.access import ClusterAccess
from harness.performance.dummy_services.count import dummy_services
from harness.performance.programming.changes import prepare, subjects
from harness.performance.programming.mass import arrivals, create_all, deleted_afterwards, evenly_spaced
from harness.performance.programming.measuring import measure_changes, pace_at
from harness.performance.programming.measuring import measurements as changes_measured
from harness.performance.programming.probes import Probers, Want
from harness.suite import Cluster, Finding, Measurement, Progress, ServiceHandle, ServiceMaker

SAMPLES = 200
MASS, WATCHED = 1000, 20


@pytest.fixture
def web(make_service: ServiceMaker) -> ServiceHandle:
    """A Service with one backend that is never changed."""
    return make_service("web", 1)


@pytest.fixture
def backend(web: ServiceHandle) -> Backend:
    """The only endpoint of every Service that is changed."""
    (address,) = web.pods.values()
    return Backend(address, 8080)


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_changes_arrive_in_every_kernel(
    cluster: Cluster,
    cluster_access: ClusterAccess,
    namespace: str,
    web: ServiceHandle,
    backend: Backend,
    probers: Probers,
    programming_services: tuple[int, ...],
    seed: int,
    measurements: list[Measurement],
    progress: Progress,
) -> None:
    """Add and remove a Service and its endpoint, 200 times each at every number of Services, probed from each node."""
    everything = subjects(cluster.service_cidr, backend, SAMPLES)
    unchanged = Target("unchanged", web.cluster_ip, 80)
    with dummy_services(cluster_access, namespace, progress) as dummies:
        for number, services in enumerate(programming_services):
            progress.step(f"{services} Services")
            dummies.bring_to(services, at_once=True)
            pace = pace_at(cluster, services)
            samples = measure_changes(probers, everything, unchanged, pace, seed + number, progress)
            conditions = Conditions(mode=cluster.mode, substrate=cluster.substrate, services=services)
            measurements.extend(changes_measured(samples, pace, conditions))

    lost = [(found.conditions, found.errors) for found in measurements if found.errors]
    assert not lost, f"changes that did not reach a node within a minute, or were visible before they were made: {lost}"


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_a_thousand_services_at_once_arrive(
    cluster: Cluster,
    cluster_access: ClusterAccess,
    namespace: str,
    backend: Backend,
    probers: Probers,
    findings: list[Finding],
) -> None:
    """Measure when Services arrive that are created as fast as the API server accepts them.

    Then measure a cold start of one node's kube-proxy, with no rules in its kernel.
    """
    kube, everything = cluster_access.kube, subjects(cluster.service_cidr, backend, MASS)
    watched, pod = evenly_spaced(everything, WATCHED), Target("pod", backend.address, backend.port)
    for subject in everything:
        prepare(kube, namespace, subject)
    with deleted_afterwards(cluster_access, namespace, everything):
        created = arrivals(probers, watched, pod, lambda: create_all(kube, namespace, everything))
        findings.append(created.finding(f"{MASS} Services at once", cluster.mode))

        if cluster.owned:
            node = cluster.workers[0]
            one_node = replace(probers, pods={node.name: probers.pods[node.name]})
            start_cold = cluster_access.proxies.start_cold
            cold = arrivals(one_node, watched, pod, lambda: start_cold(node), want=Want.REACHABLE_AGAIN)
            findings.append(cold.finding(f"A cold start of kube-proxy at {MASS} Services", cluster.mode))
            assert not cold.lost, cold.after_s
    assert not created.lost, created.after_s
