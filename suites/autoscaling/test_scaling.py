"""The formula: replicas follow the CPU that requests cost, up and down again."""

import json
import time

import pytest

from harness.suite import (
    AutoscalerRecord,
    AutoscalerSample,
    ClaimRecorder,
    ClientMaker,
    CpuComparison,
    HttpLoad,
    Kube,
    ManifestMaker,
    MetricsServer,
    Reading,
    Target,
    Waits,
    WatchMaker,
    adjustable_load,
    compare_cpu,
    right_counts,
    wrong_samples,
)
from suites.autoscaling.autoscaled import make_autoscaler, make_burner

REQUESTS = "{cpu: 100m}"
TARGET = 50
EACH_MS = 8.0
HIGH, LOW = 14, 8
"""Requests a second. With some overhead about 125m and 75m: 2.5 and 1.5 pods at half their requests, so 3 and 2."""

LIMIT_S = 900.0
"""Longer than all deadlines while there are users, together: a load that ends early looks like no need to scale."""

SPREAD_S = 5.0
"""Until every kernel knows a new endpoint and all users have sent their first request."""

DOWN = "{stabilizationWindowSeconds: 20}"


@pytest.mark.long
@pytest.mark.claim("14.1")
def test_replicas_follow_the_cpu_that_requests_cost(
    metrics: MetricsServer,
    kube: Kube,
    create: ManifestMaker,
    make_client: ClientMaker,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """Load up, down and away: every count is one that the formula gives for the figure that the autoscaler reports.

    The figure itself is held against the kernel's counters, where the load has been steady for long enough: before
    the autoscaler's first step, for which it has to wait, and before the load changes.
    """
    create("service.yaml", name="web")
    address = kube.get(f"/api/v1/namespaces/{namespace}/services/web")["spec"]["clusterIP"]
    load = HttpLoad(Target("web", address, 80), "/", most_users=HIGH, limit_s=LIMIT_S)
    with (
        record_watch("pods", "horizontalpodautoscalers") as recorder,
        adjustable_load(kube, namespace, make_client("load").name, load) as adjustable,
    ):
        web = AutoscalerRecord(recorder, "web")
        make_burner(create, "web", share=0, each=EACH_MS, requests=REQUESTS)
        (pod,) = waits.wait_pods_ready(namespace, "app=web", 1)
        adjustable.set_users(HIGH)
        steady_s = time.monotonic() + SPREAD_S
        metrics.wait_pod_since(namespace, pod["metadata"]["name"], steady_s + ahead_s())
        make_autoscaler(create, "web", lowest=1, highest=4, target=TARGET, down=DOWN)
        high = web.wait_sample("asking for more than 1", lambda sample: sample.desired > 1)
        one = truthful(compare_cpu(high, readings(kube, namespace, high), steady_s), claim)
        calm = web.wait_sample("with a metric of each pod", is_calm, after=high, deadline_s=150)
        waits.wait_pods_ready(namespace, "app=web", calm.desired)
        all_ready_s = max(pod.ready_at_s or 0.0 for pod in calm.pods)
        each = truthful(compare_cpu(calm, readings(kube, namespace, calm), all_ready_s), claim)
        adjustable.set_users(LOW)
        low = web.wait_sample("asking for 2", lambda sample: sample.desired == 2, after=calm, deadline_s=120)
        adjustable.set_users(0)
        web.wait_sample("asking for 1", lambda sample: sample.desired == 1, after=low, deadline_s=120)
        waits.wait_pods_ready(namespace, "app=web", 1)

    wrong = wrong_samples(web.samples())
    claim.decide(
        "14.1",
        not wrong,
        f"Locust sent {adjustable.tally.requests} requests. {in_words(web.samples())} CPU of a pod: {one}; later {each}.",
    )
    assert not wrong, wrong


def is_calm(sample: AutoscalerSample) -> bool:
    """All pods have a metric for certain, and their number stays."""
    return sample.settled == len(sample.pods) == sample.desired


def truthful(compared: CpuComparison, claim: ClaimRecorder) -> CpuComparison:
    """Refute the claim, and fail, if a figure was not the CPU that the pods used."""
    if not compared.agrees:
        claim.refuted("14.1", f"It scales on a figure that is not the CPU of a pod: {compared}.")
    assert compared.agrees, f"metrics-server and the kernel disagree: {compared}"
    return compared


def in_words(samples: tuple[AutoscalerSample, ...]) -> str:
    """The steps, and how sure their counts are."""
    decided = [
        (sample, right_counts(samples, number))
        for number, sample in enumerate(samples)
        if sample.utilization is not None
    ]
    steps = [(sample, right - {sample.current}) for sample, right in decided if sample.change]
    return (
        f"Replicas by utilization, the target being {TARGET}%: "
        f"{', '.join(f'{sample.current} at {sample.utilization}% to {sample.desired}' for sample, _ in steps)}; "
        f"at {sum(len(right) == 1 for _, right in steps)} of these {len(steps)} steps no other would have been right. "
        f"{sum(sample.desired in right for sample, right in decided)} of {len(decided)} counts are right by ceil(ready "
        "pods x metric / target), a tolerance of 10%, a window of 20 s before a step down, and 1 to 4 replicas."
    )


def readings(kube: Kube, namespace: str, sample: AutoscalerSample) -> dict[str, list[Reading]]:
    """By pod: its container's count of CPU time, second by second; the nodes' clocks are taken for ours."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    return {
        pod.name: [
            Reading(at_s - ahead_s(), used_s)
            for at_s, used_s in json.loads(kube.text(f"{path}/{pod.name}:8080/proxy/cpu"))
        ]
        for pod in sample.pods
    }


def ahead_s() -> float:
    """How far Unix time is ahead of our monotonic clock."""
    return time.time() - time.monotonic()
