"""Bounds, policies and windows limit how fast and how far an autoscaler scales.

The cases keep the load constant and change the target.
"""

import time

import pytest

from harness.autoscaling.expectation import wrong_samples
from harness.autoscaling.metrics_server import MetricsServer
from harness.autoscaling.model import AutoscalerSample
from harness.autoscaling.recorder import AutoscalerRecord
from harness.suite import Kube, ManifestMaker, Waits, WatchMaker
from suites.autoscaling.autoscaled import change, cpu, make_autoscaler, make_burner

FAR_BELOW, FAR_ABOVE = 10, 2000
"""Targets in percent. The first asks for ten times as many pods, the second for a twentieth: less than one pod."""

ONE_AT_A_TIME = "{policies: [{type: Pods, value: 1, periodSeconds: 25}]}"
PERIOD_S, WINDOW_S, SLACK_S = 25, 40, 3


@pytest.mark.long
def test_policies_and_windows_hold_an_autoscaler_back(
    metrics: MetricsServer, kube: Kube, create: ManifestMaker, record_watch: WatchMaker, namespace: str
) -> None:
    """The autoscaler scales up by one pod per 25 s until maxReplicas.

    After the stabilization window it scales down to minReplicas in one step. With selectPolicy Disabled it does not
    scale down.
    """
    with record_watch("pods", "horizontalpodautoscalers") as recorder:
        busy = AutoscalerRecord(recorder, "busy")
        down = f"{{stabilizationWindowSeconds: {WINDOW_S}}}"
        make_burner(create, "busy")
        make_autoscaler(create, "busy", lowest=2, highest=4, target=FAR_BELOW, up=ONE_AT_A_TIME, down=down)
        most = busy.wait_sample("asking for maxReplicas", lambda sample: sample.desired == 4, deadline_s=150)
        busy.wait_sample(
            "limited by maxReplicas",
            lambda sample: sample.current == 4 and limit(sample) == "TooManyReplicas",
            after=most,
        )
        change(kube, namespace, "busy", metrics=[cpu(FAR_ABOVE)])
        stabilized = busy.wait_sample(
            "limited by its stabilization window",
            lambda sample: sample.rules.target == FAR_ABOVE and sample.desired == 4,
        )
        # The step itself need not be limited: pods without a metric yet count as if they used the target.
        lowest = busy.wait_sample(
            "limited by minReplicas",
            lambda sample: sample.current == 2 and limit(sample) == "TooFewReplicas",
            after=stabilized,
            deadline_s=120,
        )
        change(kube, namespace, "busy", minReplicas=1, behavior={"scaleDown": {"selectPolicy": "Disabled"}})
        disabled = busy.wait_sample(
            "with scale down disabled", lambda sample: sample.rules.lowest == 1 and sample.current == 2
        )

    samples = busy.samples()
    assert not wrong_samples(samples), wrong_samples(samples)
    first, *others = [sample for sample in samples if sample.change > 0]
    assert (first.current, first.desired) == (1, 2), f"first step, expected from 1 to minReplicas 2: {first}"
    assert [sample.change for sample in others] == [1, 1]
    assert others[1].at_s - others[0].at_s >= PERIOD_S - SLACK_S
    assert stabilized.reasons["AbleToScale"] == "ScaleDownStabilized", stabilized
    last_high_s = max(sample.at_s for sample in samples if sample.rules.target == FAR_BELOW)
    (step_down,) = [sample for sample in samples if sample.change < 0]
    assert (step_down.current, step_down.desired) == (4, 2)
    assert step_down.at_s - last_high_s >= WINDOW_S - SLACK_S
    assert lowest.desired == 2, lowest
    assert limit(disabled) == "ScaleDownLimit", disabled


@pytest.mark.long
def test_a_tenth_above_the_target_is_tolerated(
    metrics: MetricsServer,
    kube: Kube,
    waits: Waits,
    create: ManifestMaker,
    record_watch: WatchMaker,
    namespace: str,
) -> None:
    """Up to a tenth above the target the autoscaler keeps one pod, although rounding up would give two.

    Far above the target it scales to two.
    """
    with record_watch("pods", "horizontalpodautoscalers") as recorder:
        busy = AutoscalerRecord(recorder, "busy")
        make_burner(create, "busy")
        (pod,) = waits.wait_pods_ready(namespace, "app=busy", 1)
        metrics.wait_pod_since(namespace, pod["metadata"]["name"], time.time())
        make_autoscaler(create, "busy", lowest=1, highest=2, target=FAR_ABOVE)
        first = busy.wait_sample("with a metric", lambda sample: sample.utilization is not None)
        close = round((first.utilization or 0) / 1.05)
        change(kube, namespace, "busy", metrics=[cpu(close)])
        near = busy.wait_sample("near its target", lambda sample: 1 < ratio(sample) <= 1.1)
        change(kube, namespace, "busy", metrics=[cpu(FAR_BELOW)])
        far = busy.wait_sample("far above its target", lambda sample: sample.rules.target == FAR_BELOW)

    assert not wrong_samples(busy.samples()), wrong_samples(busy.samples())
    assert (near.current, near.desired) == (1, 1), near
    assert (far.current, far.desired) == (1, 2), far


def ratio(sample: AutoscalerSample) -> float:
    """Return the ratio of metric to target. 0 without a metric."""
    return (sample.utilization or 0) / sample.rules.target


def limit(sample: AutoscalerSample) -> str | None:
    """Return the reason why the autoscaler is limited to fewer or more pods than the formula gives. None if not."""
    why = sample.reasons.get("ScalingLimited", "!")
    return None if why.startswith("!") else why
