"""Tests of the samples that are built from the events of an autoscaler and its pods."""

import pytest

from harness.autoscaling.model import Direction, PodSeen, Policy
from harness.autoscaling.recorder import AutoscalerRecord, rules_of, thousandths
from harness.errors import DeadlinePassed
from harness.kube.watch import WatchEvent

BEHAVIOR = {
    "scaleUp": {
        "selectPolicy": "Max",
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}],
    },
    "scaleDown": {"selectPolicy": "Disabled", "policies": [], "tolerance": "50m"},
}
METRIC = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}}
SPEC = {
    "scaleTargetRef": {"name": "web"},
    "minReplicas": 2,
    "maxReplicas": 5,
    "metrics": [METRIC],
    "behavior": BEHAVIOR,
}


class FakeRecorder:
    """A recorder with these events."""

    def __init__(self, *events):
        self._events = events

    def events(self, kind):
        return tuple(event for event in self._events if event.kind == kind)


def status(current, desired, percent, *conditions):
    usage = {"averageUtilization": percent, "averageValue": f"{percent}m"}
    found = {"currentReplicas": current, "desiredReplicas": desired, "conditions": list(conditions)}
    metric = {"type": "Resource", "resource": {"name": "cpu", "current": usage}} if percent else {"type": ""}
    return {**found, "currentMetrics": [metric]}


def autoscaler(at_s, status, spec=SPEC, name="web"):
    return WatchEvent(at_s, "horizontalpodautoscalers", "MODIFIED", name, {"spec": spec, "status": status})


def pod(at_s, kind, name, *, ready=True, app="web", ending=False):
    metadata = {"name": name, "labels": {"app": app}, **({"deletionTimestamp": "now"} if ending else {})}
    conditions = [{"type": "Ready", "status": str(ready)}]
    return WatchEvent(at_s, "pods", kind, name, {"metadata": metadata, "status": {"conditions": conditions}})


def samples(*events):
    return AutoscalerRecord(FakeRecorder(*events), "web").samples()


def test_there_is_one_sample_for_each_status_that_the_controller_wrote():
    active = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}
    limited = {"type": "ScalingLimited", "status": "False", "reason": "DesiredWithinRange"}
    first, second = status(1, 3, 130, active, limited), status(3, 3, 45)
    changed = {**SPEC, "maxReplicas": 9}
    found = samples(
        WatchEvent(1, "horizontalpodautoscalers", "ADDED", "web", {"spec": SPEC, "status": {"desiredReplicas": 0}}),
        autoscaler(2, first),
        autoscaler(3, first, changed),
        autoscaler(4, status(1, 1, 99), name="other"),
        autoscaler(5, second, changed),
    )
    assert [
        (sample.at_s, sample.current, sample.desired, sample.utilization, sample.average_m) for sample in found
    ] == [
        (2, 1, 3, 130, 130),
        (5, 3, 3, 45, 45),
    ]
    assert str(found[0]) == (
        "1 replicas at 130% (target 50%), 3 desired, 0 settled "
        "(ScalingActive ValidMetricFound, ScalingLimited !DesiredWithinRange)"
    )
    assert [sample.rules.highest for sample in found] == [5, 9]
    assert found[0].reasons == {"ScalingActive": "ValidMetricFound", "ScalingLimited": "!DesiredWithinRange"}


def test_a_metric_that_the_controller_could_not_get_is_none():
    (found,) = samples(autoscaler(1, status(2, 0, None)))
    assert (found.utilization, found.average_m, found.change) == (None, None, 0)


def test_pods_are_those_at_the_time_of_the_decision():
    found = samples(
        pod(10, "ADDED", "a", ready=False),
        pod(12, "MODIFIED", "a"),
        pod(13, "MODIFIED", "a"),
        pod(14, "ADDED", "b"),
        pod(15, "ADDED", "other-app", app="other"),
        autoscaler(30, status(2, 3, 130)),
        pod(29, "ADDED", "created-by-this-decision"),
        pod(40, "MODIFIED", "b", ending=True),
        pod(41, "MODIFIED", "a", ready=False),
        autoscaler(60, status(3, 3, 45)),
    )
    assert found[0].pods == (PodSeen("a", 12), PodSeen("b", 14))
    assert found[1].pods == (PodSeen("a", None), PodSeen("created-by-this-decision", 29))


def test_rules_are_read_from_the_spec():
    rules = rules_of(SPEC)
    assert (rules.lowest, rules.highest, rules.target) == (2, 5, 50)
    assert rules.up == Direction((Policy("Pods", 4, 15),), window_s=0, select="Max", tolerance=0.1)
    assert rules.down == Direction((), window_s=300, select="Disabled", tolerance=0.05)


@pytest.mark.parametrize(("quantity", "expected"), [("125m", 125), ("2", 2000), ("0", 0), ("0.1", 100)])
def test_quantities_are_parsed_in_thousandths(quantity, expected):
    assert thousandths(quantity) == expected


def test_a_wait_returns_the_first_matching_sample_or_the_first_after_another():
    record = AutoscalerRecord(FakeRecorder(*(autoscaler(at_s, status(3, 3, 40 + at_s)) for at_s in range(1, 4))), "web")
    first = record.wait_sample("asking for 3", lambda sample: sample.desired == 3)
    assert first.at_s == 1
    assert record.wait_sample("asking for 3", lambda sample: sample.desired == 3, after=first).at_s == 2


def test_a_failed_wait_reports_the_samples():
    record = AutoscalerRecord(FakeRecorder(autoscaler(1, status(3, 3, 45))), "web")
    with pytest.raises(DeadlinePassed, match=r"HorizontalPodAutoscaler web asking for 4: .* 1 s: 3 replicas at 45%"):
        record.wait_sample("asking for 4", lambda sample: sample.desired == 4, deadline_s=0)
    with pytest.raises(DeadlinePassed, match="no new status"):
        record.wait_sample("asking for 3", lambda sample: sample.desired == 3, after=record.samples()[-1], deadline_s=0)
