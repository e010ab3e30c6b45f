"""First packet latency as SIG Scalability defines it: p99 over five minutes, from every node."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.findings import Conditions, MeasurementName
from harness.load.generator import load_generator
from harness.load.plan import LoadPlan, Target
from harness.load.records import ANSWERED, to_measurement
from harness.performance.access import ClusterAccess
from harness.performance.conclusions.first_packet_sli import first_packet_sli
from harness.performance.dummy_services.count import dummy_services
from harness.suite import Cluster, Finding, Kube, Measurement, Progress, ServiceMaker

SERVICES = 1000
RATE_PER_S, DURATION_S = 30, 300
"""Connections per second from each node. The SLI is over five minutes; p99 needs 1,000 samples.
https://git.k8s.io/community/sig-scalability/slos/first_packet_latency.md
"""

TARGETS = 6


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_first_packet_latency_from_every_node(
    cluster: Cluster,
    kube: Kube,
    cluster_access: ClusterAccess,
    namespace: str,
    make_service: ServiceMaker,
    seed: int,
    measurements: list[Measurement],
    findings: list[Finding],
    progress: Progress,
) -> None:
    """Connect from every node at once to Services with as many endpoints as workers, at 1,000 dummy Services.

    A connection whose SYN was retransmitted counts with its whole duration.
    """
    web = make_service("web", len(cluster.workers))
    addresses = (web.service_address, *web.add_services(*(f"web-{number}" for number in range(1, TARGETS))))
    targets = tuple(Target(f"web {number}", one.address, one.port) for number, one in enumerate(addresses))
    with dummy_services(cluster_access, namespace, progress) as dummies, ExitStack() as loads:
        dummies.bring_to(SERVICES, at_once=True)
        generators = {node: loads.enter_context(load_generator(kube, namespace, node)) for node in cluster.nodes}
        plan = LoadPlan(targets, RATE_PER_S, DURATION_S, seed, separate_source_ports=True)
        running = {
            node: loads.enter_context(made.running(replace(plan, seed=seed + number)))
            for number, (node, made) in enumerate(generators.items())
        }
        results = {node: future.result() for node, future in running.items()}
    for node, result in results.items():
        conditions = Conditions(
            mode=cluster.mode,
            substrate=cluster.substrate,
            services=SERVICES,
            node=node.name,
            connection="new",
            clock=ANSWERED,
            rate_per_s=RATE_PER_S,
            duration_s=DURATION_S,
        )
        measurements.append(
            to_measurement(MeasurementName.FIRST_PACKET_SLI, result.together, ANSWERED, conditions, result)
        )
    findings.append(
        first_packet_sli(measurements, {node.name: one.together.retransmitted for node, one in results.items()})
    )

    failed = [found.flags for found in measurements if found.errors]
    assert not failed, f"connections failed under a light load: {failed}"
