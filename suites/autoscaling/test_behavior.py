"""Bounds, policies and windows: how fast and how far an autoscaler may go. The load stays, the target moves."""

import time

import pytest

from harness.suite import (
    AutoscalerRecord,
    Kube,
    Look,
    ManifestMaker,
    MetricsServer,
    Waits,
    WatchMaker,
    wrong_looks,
)
from suites.autoscaling.autoscaled import change, cpu, make_autoscaler, make_burner

FAR_BELOW, FAR_ABOVE = 10, 2000
"""Targets that ask for ten times as many pods, and for a twentieth: for less than one, whatever else a pod burns."""

ONE_AT_A_TIME = "{policies: [{type: Pods, value: 1, periodSeconds: 25}]}"
PERIOD_S, WINDOW_S, SLACK_S = 25, 40, 3


@pytest.mark.long
def test_policies_and_windows_hold_an_autoscaler_back(
    metrics: MetricsServer, kube: Kube, create: ManifestMaker, record_watch: WatchMaker, namespace: str
) -> None:
    """One pod in 25 s up to the most; down at once to the fewest, but not before the window; not at all if disabled."""
    with record_watch("pods", "horizontalpodautoscalers") as recorder:
        busy = AutoscalerRecord(recorder, "busy")
        down = f"{{stabilizationWindowSeconds: {WINDOW_S}}}"
        make_burner(create, "busy")
        make_autoscaler(create, "busy", lowest=2, highest=4, target=FAR_BELOW, up=ONE_AT_A_TIME, down=down)
        most = busy.wait_look("asking for the most", lambda look: look.desired == 4, deadline_s=150)
        busy.wait_look(
            "held by the most", lambda look: look.current == 4 and limit(look) == "TooManyReplicas", after=most
        )
        change(kube, namespace, "busy", metrics=[cpu(FAR_ABOVE)])
        held = busy.wait_look("held by its window", lambda look: look.rules.target == FAR_ABOVE and look.desired == 4)
        busy.wait_look("asking for the fewest", lambda look: look.desired == 2, after=held, deadline_s=120)
        change(kube, namespace, "busy", minReplicas=1, behavior={"scaleDown": {"selectPolicy": "Disabled"}})
        never = busy.wait_look("held for ever", lambda look: look.rules.lowest == 1 and look.current == 2)

    looks = busy.looks()
    assert not wrong_looks(looks), wrong_looks(looks)
    first, *others = [look for look in looks if look.change > 0]
    assert (first.current, first.desired) == (1, 2), "below the fewest, it went there at once"
    assert [look.change for look in others] == [1, 1]
    assert others[1].at_s - others[0].at_s >= PERIOD_S - SLACK_S
    assert held.reasons["AbleToScale"] == "ScaleDownStabilized", held
    last_high_s = max(look.at_s for look in looks if look.rules.target == FAR_BELOW)
    (step_down,) = [look for look in looks if look.change < 0]
    assert (step_down.current, step_down.desired) == (4, 2)
    assert step_down.at_s - last_high_s >= WINDOW_S - SLACK_S
    assert limit(step_down) == "TooFewReplicas"
    assert limit(never) == "ScaleDownLimit", never


@pytest.mark.long
def test_a_tenth_above_the_target_is_tolerated(
    metrics: MetricsServer,
    kube: Kube,
    waits: Waits,
    create: ManifestMaker,
    record_watch: WatchMaker,
    namespace: str,
) -> None:
    """A pod a little above its target stays alone, though rounding up would make two; far above, there are two."""
    with record_watch("pods", "horizontalpodautoscalers") as recorder:
        busy = AutoscalerRecord(recorder, "busy")
        make_burner(create, "busy")
        (pod,) = waits.wait_pods_ready(namespace, "app=busy", 1)
        metrics.wait_pod_since(namespace, pod["metadata"]["name"], time.time())
        make_autoscaler(create, "busy", lowest=1, highest=2, target=FAR_ABOVE)
        first = busy.wait_look("with a metric", lambda look: look.utilization is not None)
        close = round((first.utilization or 0) / 1.05)
        change(kube, namespace, "busy", metrics=[cpu(close)])
        near = busy.wait_look("near its target", lambda look: 1 < ratio(look) <= 1.1)
        change(kube, namespace, "busy", metrics=[cpu(FAR_BELOW)])
        far = busy.wait_look("far above its target", lambda look: look.rules.target == FAR_BELOW)

    assert not wrong_looks(busy.looks()), wrong_looks(busy.looks())
    assert (near.current, near.desired) == (1, 1), near
    assert (far.current, far.desired) == (1, 2), far


def ratio(look: Look) -> float:
    """Of metric to target; 0 without a metric."""
    return (look.utilization or 0) / look.rules.target


def limit(look: Look) -> str | None:
    """Why it may not go as far as the formula says, or None if it may."""
    why = look.reasons.get("ScalingLimited", "!")
    return None if why.startswith("!") else why
