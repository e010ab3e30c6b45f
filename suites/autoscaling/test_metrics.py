"""No metrics, no scaling: pods that request nothing, and a metrics-server that has gone."""

import time

import pytest

from harness.suite import (
    AutoscalerRecord,
    ClaimRecorder,
    Kube,
    ManifestMaker,
    MetricsServer,
    WatchMaker,
    WatchRecorder,
    wait_until,
    wrong_samples,
)
from suites.autoscaling.autoscaled import REQUESTS, change, cpu, make_autoscaler, make_burner

FAR_ABOVE, FAR_BELOW = 500, 10
"""Targets in percent of what the pods request; they burn about 100."""

ATTEMPTS = 2
NO_METRIC = "FailedGetResourceMetric"


@pytest.mark.long
def test_pods_without_a_request_are_not_scaled(
    metrics: MetricsServer, create: ManifestMaker, record_watch: WatchMaker, namespace: str
) -> None:
    """Of two busy Deployments one requests CPU and is scaled; the other does not, and its autoscaler says so."""
    with record_watch("pods", "horizontalpodautoscalers") as recorder:
        for name, requests in (("with", REQUESTS), ("without", "{}")):
            make_burner(create, name, requests=requests)
            make_autoscaler(create, name, lowest=1, highest=2, target=FAR_BELOW)
        told = AutoscalerRecord(recorder, "with"), AutoscalerRecord(recorder, "without")
        told[0].wait_sample("asking for 2", lambda sample: sample.desired == 2, deadline_s=120)
        refused = wait_until(
            "HorizontalPodAutoscaler without naming the missing request",
            lambda: messages(recorder, "without"),
            lambda found: any("missing request for cpu" in message for message in found),
            deadline_s=60,
        )
    samples = told[1].samples()
    assert not wrong_samples(told[0].samples()), wrong_samples(told[0].samples())
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
    """With metrics-server stopped the autoscaler does nothing and says why; once it is back, it does what it should."""
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
            held = kube.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/busy")["spec"]["replicas"]
        back = busy.wait_sample("asking for 2", lambda sample: sample.desired == 2, after=gone, deadline_s=120)

    told = "False" if gone.reasons.get("ScalingActive") == f"!{NO_METRIC}" else "not False"
    holds = held == 1 and told == "False"
    claim.decide(
        "14.1",
        holds,
        f"A pod burnt {before.utilization}% of its request. While metrics-server was stopped and the target was "
        f"{FAR_BELOW}%, there was {held} replica after {failures} attempts, with ScalingActive {told} for {NO_METRIC}; "
        f"once metrics-server was back, {back.utilization}% made {back.current} into {back.desired}.",
    )
    assert holds, (held, gone)
    assert not wrong_samples(busy.samples()), wrong_samples(busy.samples())


def messages(recorder: WatchRecorder, name: str) -> tuple[str, ...]:
    """What the autoscaler's conditions have said so far."""
    return tuple(
        str(condition["message"])
        for event in recorder.events("horizontalpodautoscalers")
        if event.name == name
        for condition in event.object.get("status", {}).get("conditions", [])
    )


def failures_since(recorder: WatchRecorder, at_s: float) -> int:
    """How often it told of a failure to get metrics; an event that repeats is told again with a higher count."""
    return sum(event.at_s > at_s and event.object["reason"] == NO_METRIC for event in recorder.events("events"))
