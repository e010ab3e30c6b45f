"""Samples of HorizontalPodAutoscalers from a watch: one sample for every status that the controller writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.autoscaling.model import DEFAULT_TOLERANCE, AutoscalerSample, Direction, PodSeen, Policy, Rules
from harness.kube.status import is_ready
from harness.kube.wait import wait_until
from harness.kube.watch import WatchEvent, WatchRecorder

WINDOW_S = 300
"""The controller's default stabilization window for scaling down."""

DECISION_LAG_S = 2.0
"""The longest time from a decision until the status with that decision is received.

The resulting changes of pods may be received earlier. An autoscaler decides every 15 s, or when its spec is changed,
and its pods are created and removed within a second or two.
"""


@dataclass(frozen=True, slots=True)
class AutoscalerRecord:
    """The events of one autoscaler in a recorder of "horizontalpodautoscalers" and "pods".

    The recorder must be started before the autoscaler is created. The autoscaler's pods must have a label `app` with
    the name of its target.
    """

    recorder: WatchRecorder
    name: str

    def samples(self) -> tuple[AutoscalerSample, ...]:
        """Return a sample of every status so far, in order."""
        pods = self.recorder.events("pods")
        return tuple(
            _sample(event, pods)
            for event in _with_new_status(self.recorder.events("horizontalpodautoscalers"))
            if event.name == self.name
        )

    def wait_sample(
        self,
        condition: str,
        done: Callable[[AutoscalerSample], bool],
        *,
        after: AutoscalerSample | None = None,
        deadline_s: float = 90.0,
    ) -> AutoscalerSample:
        """Wait for the first sample, or the first after `after`, that satisfies `done`; `condition` is that in words.

        Samples from before the call count, too: the autoscaler acts on a changed spec at once, maybe before the case
        that changed it starts to wait.
        """
        begin_s = 0.0 if after is None else after.at_s

        def sample() -> tuple[AutoscalerSample, ...]:
            return tuple(sample for sample in self.samples() if sample.at_s > begin_s)

        found = wait_until(
            f"HorizontalPodAutoscaler {self.name} {condition}",
            sample,
            lambda samples: any(map(done, samples)),
            describe=lambda samples: (
                "; ".join(f"{sample.at_s:.0f} s: {sample}" for sample in samples) or "no new status"
            ),
            deadline_s=deadline_s,
            interval_s=0.5,
        )
        return next(sample for sample in found if done(sample))


def _with_new_status(events: tuple[WatchEvent, ...]) -> Iterator[WatchEvent]:
    """Yield the events of statuses that the controller wrote, without those of new autoscalers and changed specs."""
    last: dict[str, Any] = {}
    for event in events:
        status = event.object.get("status", {})
        if event.type == "MODIFIED" and status != last.get(event.name):
            yield event
        last[event.name] = status


def _sample(event: WatchEvent, pods: tuple[WatchEvent, ...]) -> AutoscalerSample:
    spec, status = event.object["spec"], event.object["status"]
    current: dict[str, Any] = next((found["resource"]["current"] for found in _metrics(status)), {})
    value = current.get("averageValue")
    return AutoscalerSample(
        at_s=event.at_s,
        rules=rules_of(spec),
        current=status.get("currentReplicas", 0),
        desired=status.get("desiredReplicas", 0),
        utilization=current.get("averageUtilization"),
        average_m=None if value is None else thousandths(value),
        pods=pods_at(pods, spec["scaleTargetRef"]["name"], event.at_s - DECISION_LAG_S),
        reasons={
            found["type"]: found["reason"] if found["status"] == "True" else f"!{found['reason']}"
            for found in status.get("conditions", [])
        },
    )


def _metrics(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the resource metrics in a status. A metric that the controller could not get has no type."""
    return [found for found in status.get("currentMetrics") or [] if found.get("type") == "Resource"]


def rules_of(spec: dict[str, Any]) -> Rules:
    """Return an autoscaler's rules from a spec with `behavior` and one metric, the utilization of CPU.

    The API server has already filled in the defaults of `behavior`.
    """
    (metric,) = spec["metrics"]
    behavior = spec["behavior"]
    return Rules(
        lowest=spec.get("minReplicas", 1),
        highest=spec["maxReplicas"],
        target=metric["resource"]["target"]["averageUtilization"],
        up=_direction(behavior["scaleUp"], 0),
        down=_direction(behavior["scaleDown"], WINDOW_S),
    )


def _direction(rules: dict[str, Any], window_s: int) -> Direction:
    return Direction(
        policies=tuple(
            Policy(policy["type"], policy["value"], policy["periodSeconds"]) for policy in rules["policies"]
        ),
        window_s=rules.get("stabilizationWindowSeconds", window_s),
        select=rules["selectPolicy"],
        tolerance=thousandths(rules["tolerance"]) / 1000 if "tolerance" in rules else DEFAULT_TOLERANCE,
    )


def pods_at(events: tuple[WatchEvent, ...], app: str, at_s: float) -> tuple[PodSeen, ...]:
    """Return the pods with that label `app` that existed at that time and were not being deleted."""
    pods: dict[str, PodSeen] = {}
    for event in events:
        if event.at_s > at_s or event.object["metadata"].get("labels", {}).get("app") != app:
            continue
        if event.type == "DELETED" or "deletionTimestamp" in event.object["metadata"]:
            pods.pop(event.name, None)
            continue
        before = pods.get(event.name)
        since_s = None if before is None else before.ready_at_s
        ready_at_s = (event.at_s if since_s is None else since_s) if is_ready(event.object) else None
        pods[event.name] = PodSeen(event.name, ready_at_s)
    return tuple(pods.values())


def thousandths(quantity: str) -> int:
    """Return a quantity in thousandths, such as a number of CPUs in millicores.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    return int(quantity.removesuffix("m")) if quantity.endswith("m") else round(float(quantity) * 1000)
