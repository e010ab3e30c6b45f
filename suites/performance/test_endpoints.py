"""The first packet's duration by the number of endpoints of its Service."""

from dataclasses import replace

import pytest

from harness.dataplane.services import service_path, wait_backends
from harness.findings import Conditions, EndpointsDifference, EndpointsFinding, MeasurementName
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, Target
from harness.load.records import to_measurement
from harness.performance.access import ClusterAccess
from harness.performance.dummy_services.count import dummy_services
from harness.performance.intervals import interval_of
from harness.performance.many_endpoints import many_endpoints_backends, many_endpoints_pod, many_endpoints_service
from harness.performance.sweep.proxy_cost import Cost, cost_of
from harness.performance.sweep.proxy_cost import finding as cost_finding
from harness.statistics.difference import difference
from harness.statistics.stored import median_of
from harness.suite import (
    Cluster,
    DataPlane,
    Finding,
    Kube,
    Measurement,
    Progress,
    ServiceAddress,
    Substrate,
    Waits,
)

ENDPOINTS = (1, 10, 100, 250)
"""Numbers of endpoints. 250 is the most per Service in upstream's scalability thresholds."""

RATE_PER_S, DURATION_S = 150, 30
MANY, EACH = (1000, 5000), 50
"""Numbers of Services with so many endpoints each: the sizes at which users report syncs of minutes in nftables mode.
https://github.com/kubernetes/kubernetes/issues/135639
"""


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_the_first_packet_over_the_number_of_endpoints(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    dataplane: DataPlane,
    namespace: str,
    generator: LoadGenerator,
    seed: int,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Measure Services with 1 to 250 endpoints side by side, and compare their medians with that of one endpoint."""
    kube.create(
        namespace,
        many_endpoints_pod(cluster.images.load, "many-endpoints", ENDPOINTS[-1], node=cluster.workers[1].name),
    )
    (pod,) = waits.wait_pods_ready(namespace, "app=many-endpoints", 1)
    address = pod["status"]["podIP"]
    targets = tuple(make(kube, dataplane, namespace, address, number) for number in ENDPOINTS)
    result = generator.run(LoadPlan(targets, RATE_PER_S, DURATION_S, seed))

    name = MeasurementName.FIRST_PACKET_BY_ENDPOINTS
    conditions = Conditions(mode=cluster.mode, substrate=cluster.substrate, clock="kernel")
    for number, target in zip(ENDPOINTS, targets, strict=True):
        here = replace(conditions, endpoints=number)
        measurements.append(to_measurement(name, result.of(target), "kernel", here, result))
    findings.append(finding(cluster, measurements))
    failed = [found.flags for found in measurements if found.errors]
    assert not failed, f"connections failed under a light load: {failed}"


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_programming_services_with_fifty_endpoints_each(
    cluster: Cluster,
    cluster_access: ClusterAccess,
    namespace: str,
    findings: list[Finding],
    progress: Progress,
    pytestconfig: pytest.Config,
) -> None:
    """Measure kube-proxy's syncs, CPU time and memory for 1,000 and 5,000 Services with 50 endpoints each."""
    if cluster.substrate == Substrate.UML:
        pytest.skip("a user-mode Linux takes hours to program so many endpoints")
    access, node = cluster_access, cluster.workers[0]
    costs: list[Cost] = []
    with dummy_services(access, namespace, progress, EACH) as dummies:
        for services in (number for number in MANY if number <= pytestconfig.getoption("most_services")):
            progress.step(f"{services} Services with {EACH} endpoints each")
            before = access.proxies.usage(node)
            programmed_s = dummies.bring_to(services, at_once=True)
            progress.note(f"programmed in every kernel after {programmed_s:.1f} s")
            used = access.proxies.usage(node)
            cost = cost_of(services, before, used, access.dataplane.rule_count(node), tracked=0)
            costs.append(replace(cost, created_s=dummies.created_s, programmed_s=programmed_s))
    findings.append(cost_finding(costs, node, cluster.mode, EACH))


def make(kube: Kube, dataplane: DataPlane, namespace: str, address: str, endpoints: int) -> Target:
    """Create a Service with this many endpoints, and wait until every kernel has them."""
    name = f"endpoints-{endpoints}"
    kube.create(namespace, *many_endpoints_service(name, address, endpoints))
    service_address = ServiceAddress(kube.get(service_path(namespace, name))["spec"]["clusterIP"], 80)
    for node in kube.cluster.nodes:
        wait_backends(dataplane, node, service_address, many_endpoints_backends(address, endpoints))
    return Target(f"{endpoints} endpoints", service_address.address, service_address.port)


def finding(cluster: Cluster, measured: list[Measurement]) -> EndpointsFinding:
    """Return the differences to the first measurement, that of one endpoint, as a finding."""
    one, *more = ((found.conditions.endpoints, median_of(found)) for found in measured)
    differences = tuple(
        EndpointsDifference(endpoints=number or 0, longer_us=interval_of(difference(median, one[1])))
        for number, median in more
        if median is not None and one[1] is not None
    )
    return EndpointsFinding(mode=cluster.mode, differences=differences)
