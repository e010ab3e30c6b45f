"""The first packet's duration by the number of endpoints of its Service."""

from dataclasses import replace

import numpy as np
import pytest

from harness.dataplane.services import service_path, wait_backends
from harness.findings import Conditions, EndpointsDifference, EndpointsFinding, MeasurementName
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, Target
from harness.load.records import paired_counts, to_measurement
from harness.performance.intervals import interval_of
from harness.performance.many_endpoints import many_endpoints_backends, many_endpoints_pod, many_endpoints_service
from harness.statistics.comparison import Range
from harness.statistics.difference import quantile_difference
from harness.suite import Cluster, DataPlane, Finding, Kube, Measurement, ServiceAddress, Waits

ENDPOINTS = (1, 10, 100, 250)
"""Numbers of endpoints. 250 is the most per Service in upstream's scalability thresholds."""

RATE_PER_S, DURATION_S = 150, 30


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

    random = np.random.default_rng(seed)
    name = MeasurementName.FIRST_PACKET_BY_ENDPOINTS
    conditions = Conditions(mode=cluster.mode, substrate=cluster.substrate, clock="kernel")
    for number, target in zip(ENDPOINTS, targets, strict=True):
        here = replace(conditions, endpoints=number)
        measurements.append(to_measurement(name, result.of(target), "kernel", here, result, (), random))
    above = {
        number: quantile_difference(*paired_counts(result.of(target), result.of(targets[0]), "kernel"), 0.5, random)
        for number, target in zip(ENDPOINTS[1:], targets[1:], strict=True)
    }
    findings.append(finding(cluster, above))
    failed = [found.flags for found in measurements if found.errors]
    assert not failed, f"connections failed under a light load: {failed}"


def make(kube: Kube, dataplane: DataPlane, namespace: str, address: str, endpoints: int) -> Target:
    """Create a Service with this many endpoints, and wait until every kernel has them."""
    name = f"endpoints-{endpoints}"
    kube.create(namespace, *many_endpoints_service(name, address, endpoints))
    service_address = ServiceAddress(kube.get(service_path(namespace, name))["spec"]["clusterIP"], 80)
    for node in kube.cluster.nodes:
        wait_backends(dataplane, node, service_address, many_endpoints_backends(address, endpoints))
    return Target(f"{endpoints} endpoints", service_address.address, service_address.port)


def finding(cluster: Cluster, above: dict[int, Range]) -> EndpointsFinding:
    """Return the differences to one endpoint as a finding."""
    differences = tuple(
        EndpointsDifference(endpoints=number, longer_us=interval_of(found)) for number, found in above.items()
    )
    return EndpointsFinding(mode=cluster.mode, differences=differences)
