"""The HorizontalPodAutoscaler's formula: replicas follow the CPU that requests use, up and down again."""

import json
import time

import pytest

from harness.autoscaling.cpu import CpuComparison, Reading, compare_cpu
from harness.autoscaling.expectation import right_counts, wrong_samples
from harness.autoscaling.metrics_server import MetricsServer
from harness.autoscaling.model import AutoscalerSample
from harness.autoscaling.recorder import AutoscalerRecord
from harness.load.adjustable import HttpLoad, adjustable_load
from harness.load.plan import Target
from harness.suite import ClaimRecorder, ClientMaker, Kube, ManifestMaker, Waits, WatchMaker
from suites.autoscaling.autoscaled import make_autoscaler, make_burner

REQUESTS = "{cpu: 100m}"
TARGET = 50
EACH_MS = 8.0
HIGH, LOW = 14, 8
"""Requests per second. With overhead they use about 125m and 75m of CPU: 2.5 and 1.5 pods at half their requests, so 3
and 2 replicas."""

LIMIT_S = 900.0
"""Longer than the sum of all deadlines while there are users. A load that ends early looks like no need to scale."""

SPREAD_S = 5.0
"""Time in seconds until every kernel has a new endpoint and all users have sent their first request."""

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
    """While load rises, falls and ends, every replica count follows from the metric that the autoscaler reports.

    The case compares the metric with the kernel's counters at two points where the load has been steady for long
    enough: before the autoscaler's first step and before the load changes.
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
        one = require_agreement(compare_cpu(high, readings(kube, namespace, high), steady_s), claim)
        settled = web.wait_sample("with a metric of each pod", is_settled, after=high, deadline_s=150)
        waits.wait_pods_ready(namespace, "app=web", settled.desired)
        all_ready_s = max(pod.ready_at_s or 0.0 for pod in settled.pods)
        each = require_agreement(compare_cpu(settled, readings(kube, namespace, settled), all_ready_s), claim)
        adjustable.set_users(LOW)
        low = web.wait_sample("asking for 2", lambda sample: sample.desired == 2, after=settled, deadline_s=120)
        adjustable.set_users(0)
        web.wait_sample("asking for 1", lambda sample: sample.desired == 1, after=low, deadline_s=120)
        waits.wait_pods_ready(namespace, "app=web", 1)

    wrong = wrong_samples(web.samples())
    claim.decide(
        "14.1",
        not wrong,
        f"Locust sent {adjustable.tally.requests} requests. {in_words(web.samples())} CPU of a pod: {one}; later "
        f"{each}.",
    )
    assert not wrong, wrong


def is_settled(sample: AutoscalerSample) -> bool:
    """Return whether every pod certainly has a metric and the number of pods stays the same."""
    return sample.settled == len(sample.pods) == sample.desired


def require_agreement(compared: CpuComparison, claim: ClaimRecorder) -> CpuComparison:
    """Return the comparison. If the reported CPU is not the CPU that the pods used, refute the claim and fail."""
    if not compared.agrees:
        claim.refuted("14.1", f"The autoscaler's metric was not the CPU that the pods used: {compared}.")
    assert compared.agrees, f"metrics-server and the kernel disagree: {compared}"
    return compared


def in_words(samples: tuple[AutoscalerSample, ...]) -> str:
    """Return the steps, and how many counts the formula allows, as evidence."""
    decided = [
        (sample, right_counts(samples, number))
        for number, sample in enumerate(samples)
        if sample.utilization is not None
    ]
    steps = [(sample, right - {sample.current}) for sample, right in decided if sample.change]
    return (
        f"With a target of {TARGET}% replicas changed "
        f"{', '.join(f'from {sample.current} to {sample.desired} at {sample.utilization}%' for sample, _ in steps)}; "
        f"at {sum(len(right) == 1 for _, right in steps)} of these {len(steps)} steps no other count would have been "
        f"right. {sum(sample.desired in right for sample, right in decided)} of {len(decided)} counts are right by "
        "ceil(ready pods x metric / target), a tolerance of 10%, a window of 20 s before a step down, and 1 to 4 "
        "replicas."
    )


def readings(kube: Kube, namespace: str, sample: AutoscalerSample) -> dict[str, list[Reading]]:
    """Return, for each pod, its container's CPU time second by second.

    Readings are on our monotonic clock. The nodes' clocks are assumed to agree with ours.
    """
    path = f"/api/v1/namespaces/{namespace}/pods"
    return {
        pod.name: [
            Reading(at_s - ahead_s(), used_s)
            for at_s, used_s in json.loads(kube.text(f"{path}/{pod.name}:8080/proxy/cpu"))
        ]
        for pod in sample.pods
    }


def ahead_s() -> float:
    """Return by how many seconds Unix time is ahead of our monotonic clock."""
    return time.time() - time.monotonic()
