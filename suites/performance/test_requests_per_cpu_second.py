"""How many requests our load generator sends per CPU second, compared with Locust's own HTTP users."""

import pytest

from harness.findings import RequestsPerCpuSecondFinding, UserEfficiency
from harness.load.generator import LoadGenerator
from harness.load.locust_users import locust_argv, our_requests_per_cpu_s, requests_per_cpu_s
from harness.load.plan import LoadPlan, RequestKind, Target
from harness.performance.intervals import interval_of
from harness.statistics.comparison import range_of
from harness.suite import ClientMaker, Cluster, Finding, ServiceMaker

RATE_PER_S, DURATION_S = 400, 10
"""A rate that even Locust's HttpUser keeps up with in one process."""

ROUNDS = 3
LOCUST_USERS = ("FastHttpUser", "HttpUser")
PATH = "/hostname"


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_requests_per_cpu_second(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    generator: LoadGenerator,
    seed: int,
    findings: list[Finding],
) -> None:
    """Send the same requests at the same rate by our generator and by Locust's users, in three turns each."""
    target = Target("web", make_service("web", 1, node=cluster.workers[1].name).cluster_ip, 80)
    client = make_client("locust", node=cluster.workers[0])
    plan = LoadPlan((target,), RATE_PER_S, DURATION_S, seed, RequestKind.HTTP_KEPT, PATH)

    def locust(user: str) -> float:
        done = client.run(*locust_argv(user, target, PATH, RATE_PER_S, DURATION_S))
        assert done.exit_code == 0, f"Locust's {user} in pod {client.name} exited with {done.exit_code}: {done.stderr}"
        return requests_per_cpu_s(done.stdout, RATE_PER_S * DURATION_S)

    turns: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        turns.setdefault("ours", []).append(our_requests_per_cpu_s(generator.run(plan), DURATION_S))
        for user in LOCUST_USERS:
            turns.setdefault(user, []).append(locust(user))
    findings.append(
        RequestsPerCpuSecondFinding(
            mode=cluster.mode,
            rate_per_s=RATE_PER_S,
            turns=ROUNDS,
            turn_s=DURATION_S,
            users=tuple(
                UserEfficiency(user=user, requests_per_cpu_s=interval_of(range_of(taken)))
                for user, taken in turns.items()
            ),
        )
    )
