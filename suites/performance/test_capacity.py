"""The highest rate of new connections, and of requests on persistent connections, that a Service serves."""

import pytest

from harness.load.generator import LoadGenerator
from harness.load.plan import LoadPlan, RequestKind, Target
from harness.performance.capacity import Attempt, attempt_of, search
from harness.performance.capacity import finding as capacity_finding
from harness.suite import Cluster, Finding, ServiceMaker

BOUND_US = 50_000.0
"""The bound of p99 in us. On a small host the cluster's own work causes pauses of some ms at any rate."""

BEGIN_PER_S, MOST_PER_S = 250.0, 8000.0
DURATION_S = 6.0
BACKENDS = 3


@pytest.mark.parametrize(
    ("request_kind", "what"),
    [(RequestKind.HTTP_NEW, "new connections"), (RequestKind.HTTP_KEPT, "requests on persistent connections")],
)
@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_requests_are_served_up_to_a_rate(
    cluster: Cluster,
    make_service: ServiceMaker,
    generator: LoadGenerator,
    request_kind: RequestKind,
    what: str,
    seed: int,
    findings: list[Finding],
) -> None:
    """Search the highest rate at which 99 of 100 requests are answered within 50 ms of their intended start."""
    web = make_service("web", BACKENDS, node=cluster.workers[1].name)
    targets = (Target("web", web.cluster_ip, 80),)

    def attempt(rate_per_s: float) -> Attempt:
        plan = LoadPlan(targets, rate_per_s, DURATION_S, seed, request_kind, "/hostname")
        return attempt_of(generator.run(plan), targets, rate_per_s, BOUND_US)

    made = search(attempt, BEGIN_PER_S, MOST_PER_S)
    findings.append(capacity_finding(made, what, cluster.mode))
    assert not made[0].failed, f"requests failed at the lowest rate: {made[0]}"
