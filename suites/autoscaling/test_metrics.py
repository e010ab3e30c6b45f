"""Without metrics nothing is scaled: pods without CPU requests, and a stopped metrics-server."""

import time

import pytest

from harness.autoscaling.expectation import wrong_samples
from harness.autoscaling.metrics_server import MetricsServer
from harness.autoscaling.recorder import AutoscalerRecord
from harness.suite import ClaimRecorder, Kube, ManifestMaker, WatchMaker, WatchRecorder, wait_until
from suites.autoscaling.autoscaled import REQUESTS, change, cpu, make_autoscaler, make_burner

FAR_ABOVE, FAR_BELOW = 500, 10
"""Targets in percent of the CPU that the pods request. They burn about 100%."""

ATTEMPTS = 2
NO_METRIC = "FailedGetResourceMetric"


@pytest.mark.long
def test_pods_without_a_request_are_not_scaled(
    metrics: MetricsServer, create: ManifestMaker, record_watch: WatchMaker, namespace: str
) -> None:
    """Of two busy Deployments the one with a CPU request is scaled.

    The other is not, and its autoscaler's condition names the missing request.
    """
    with record_watch("pods", "horizontalpodautoscalers") as recorder:
        for name, requests in (("with", REQUESTS), ("without", "{}")):
            make_burner(create, name, requests=requests)
            make_autoscaler(create, name, lowest=1, highest=2, target=FAR_BELOW)
        with_request, without_request = AutoscalerRecord(recorder, "with"), AutoscalerRecord(recorder, "without")
        with_request.wait_sample("asking for 2", lambda sample: sample.desired == 2, deadline_s=120)
        refused = wait_until(
            "HorizontalPodAutoscaler without naming the missing request",
            lambda: messages(recorder, "without"),
            lambda found: any("missing request for cpu" in message for message in found),
            deadline_s=60,
        )
    samples = without_request.samples()
    assert not wrong_samples(with_request.samples()), wrong_samples(with_request.samples())
    assert samples[-1].reasons.get("ScalingActive") == f"!{NO_METRIC}", refused
    assert {sample.current for sample in samples} == {1}


@pytest.mark.blocking
@pytest.mark.disruptive
@pytest.mark.claim("14.1")
def test_without_metrics_nothing_is_scaled(
    own_metrics: MetricsServer,
    kube: Kube,
    create: ManifestMaker,
    record_watch: WatchMaker,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """While metrics-server is stopped the autoscaler does not scale, and its condition says why.

    Once metrics-server is back, the autoscaler scales.
    """
    with record_watch("pods", "horizontalpodautoscalers", "events") as recorder:
        busy = AutoscalerRecord(recorder, "busy")
        make_burner(create, "busy")
        make_autoscaler(create, "busy", lowest=1, highest=2, target=FAR_ABOVE)
        before = busy.wait_sample("with a metric", lambda sample: sample.utilization is not None)
        with own_metrics.stopped():
            change(kube, namespace, "busy", metrics=[cpu(FAR_BELOW)])
            changed_at_s = time.monotonic()
            gone = busy.wait_sample("without metrics", lambda sample: sample.utilization is None, after=before)
            failures = wait_until(
                f"{ATTEMPTS} attempts of HorizontalPodAutoscaler busy to get metrics",
                lambda: failures_since(recorder, changed_at_s),
                lambda found: found >= ATTEMPTS,
                deadline_s=90,
            )
            replicas = kube.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/busy")["spec"]["replicas"]
        back = busy.wait_sample("asking for 2", lambda sample: sample.desired == 2, after=gone, deadline_s=120)

    active = "False" if gone.reasons.get("ScalingActive") == f"!{NO_METRIC}" else "not False"
    holds = replicas == 1 and active == "False"
    claim.decide(
        "14.1",
        holds,
        f"The pod of Deployment busy used {before.utilization}% of its CPU request. While metrics-server was stopped "
        f"and the target was {FAR_BELOW}%, the Deployment had {replicas} replica after {failures} failed attempts to "
        f"get metrics, with ScalingActive {active} for reason {NO_METRIC}. After metrics-server was started again, "
        f"the autoscaler scaled from {back.current} to {back.desired} replicas at {back.utilization}%.",
    )
    assert holds, f"{replicas} replicas with metrics-server stopped: {gone}"
    assert not wrong_samples(busy.samples()), wrong_samples(busy.samples())


def messages(recorder: WatchRecorder, name: str) -> tuple[str, ...]:
    """Return the messages of all conditions that the autoscaler has had so far."""
    return tuple(
        str(condition["message"])
        for event in recorder.events("horizontalpodautoscalers")
        if event.name == name
        for condition in event.object.get("status", {}).get("conditions", [])
    )


def failures_since(recorder: WatchRecorder, at_s: float) -> int:
    """Count the failures to get metrics since `at_s`. A repeated event is sent again with a higher count."""
    return sum(event.at_s > at_s and event.object["reason"] == NO_METRIC for event in recorder.events("events"))
