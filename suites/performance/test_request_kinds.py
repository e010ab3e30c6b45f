"""The duration of each request kind: first packet, HTTP on a new and on a persistent connection, UDP, DNS."""

import pytest

from harness.dataplane.services import service_path
from harness.findings import Conditions, Interval, MeasurementName, RequestKindMedian, RequestKindsFinding
from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, RequestKind, Target
from harness.load.records import to_measurement
from harness.suite import Cluster, Finding, Kube, Measurement, ServiceMaker

RATE_PER_S, DURATION_S = 100, 20
CLOCK = {RequestKind.FIRST_PACKET: "kernel"}
"""The clock of a request kind, by default wall: the kernel does not time the others."""


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_latency_of_each_request_kind(
    cluster: Cluster,
    kube: Kube,
    make_service: ServiceMaker,
    generator: LoadGenerator,
    seed: int,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Measure the request kinds one after the other at the same rate.

    Targets are a Service whose backend is on another node and the cluster's DNS.
    """
    web = make_service("web", 1, node=cluster.workers[1].name)
    dns = kube.get(service_path("kube-system", "kube-dns"))["spec"]["clusterIP"]
    http, datagrams = (Target("web", web.cluster_ip, port) for port in (80, 81))
    asked = {
        RequestKind.FIRST_PACKET: (http, ""),
        RequestKind.HTTP_NEW: (http, "/hostname"),
        RequestKind.HTTP_KEPT: (http, "/hostname"),
        RequestKind.UDP: (datagrams, "hostname"),
        RequestKind.DNS: (Target("dns", dns, 53), "kubernetes.default.svc.cluster.local"),
    }
    made: dict[RequestKind, Measurement] = {}
    for request_kind, (target, detail) in asked.items():
        result = generator.run(LoadPlan((target,), RATE_PER_S, DURATION_S, seed, request_kind, detail))
        clock = CLOCK.get(request_kind, "wall")
        conditions = Conditions(
            mode=cluster.mode,
            substrate=cluster.substrate,
            request_kind=str(request_kind),
            rate_per_s=RATE_PER_S,
            clock=clock,
        )
        made[request_kind] = to_measurement(MeasurementName.REQUEST_KIND, result.of(target), clock, conditions, result)
    measurements += made.values()
    findings.append(finding(cluster, made))
    failed = {str(request_kind): found.flags for request_kind, found in made.items() if found.errors}
    assert not failed, f"requests failed under a light load: {failed}"


def finding(cluster: Cluster, made: dict[RequestKind, Measurement]) -> RequestKindsFinding:
    """Return the medians as a finding."""
    medians = tuple(
        RequestKindMedian(request_kind=str(request_kind), p50_us=Interval(found.quantiles["p50"], *found.ci95["p50"]))
        for request_kind, found in made.items()
        if "p50" in found.quantiles
    )
    return RequestKindsFinding(mode=cluster.mode, rate_per_s=RATE_PER_S, duration_s=DURATION_S, medians=medians)
