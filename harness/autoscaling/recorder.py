"""HorizontalPodAutoscalers, as a watch tells of them: every status that the controller wrote is one look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.autoscaling.model import DEFAULT_TOLERANCE, AutoscalerSample, Direction, PodSeen, Policy, Rules
from harness.kube.wait import is_ready, wait_until
from harness.kube.watch import WatchEvent, WatchRecorder

WINDOW_S = 300
"""The controller's own window before it scales down, where an autoscaler names none."""

DECISION_LAG_S = 2.0
"""A status arrives this long, at most, after the decision it tells of, and pods may be quicker.

An autoscaler decides every 15 s, or when its spec is changed, and its pods come and go within a second or two."""


@dataclass(frozen=True, slots=True)
class AutoscalerRecord:
    """What a recorder of "horizontalpodautoscalers" and "pods" heard of one autoscaler.

    The recorder is older than the autoscaler, whose pods have a label `app` with the name of its target.
    """

    recorder: WatchRecorder
    name: str

    def samples(self) -> tuple[AutoscalerSample, ...]:
        """Every status so far, in order."""
        pods = self.recorder.events("pods")
        return tuple(
            _look(event, pods)
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
        """The first status, or the first after one, of which `done` holds, which `condition` says in words.

        Not "from now on": a changed spec is acted on at once, maybe before the one who changed it waits.
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
    """Events by the controller: not those of a new autoscaler and of a changed spec."""
    last: dict[str, Any] = {}
    for event in events:
        status = event.object.get("status", {})
        if event.type == "MODIFIED" and status != last.get(event.name):
            yield event
        last[event.name] = status


def _look(event: WatchEvent, pods: tuple[WatchEvent, ...]) -> AutoscalerSample:
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
    """Resource metrics that were had; the place of one that was not stays empty."""
    return [found for found in status.get("currentMetrics") or [] if found.get("type") == "Resource"]


def rules_of(spec: dict[str, Any]) -> Rules:
    """An autoscaler's rules, from a spec with one metric, utilization of CPU, and with `behavior`.

    What `behavior` leaves out the API server has filled in.
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
    """The pods labelled `app` that stood at that time and were not asked to end."""
    standing: dict[str, PodSeen] = {}
    for event in events:
        if event.at_s > at_s or event.object["metadata"].get("labels", {}).get("app") != app:
            continue
        if event.type == "DELETED" or "deletionTimestamp" in event.object["metadata"]:
            standing.pop(event.name, None)
            continue
        before = standing.get(event.name)
        since_s = None if before is None else before.ready_at_s
        ready_at_s = (event.at_s if since_s is None else since_s) if is_ready(event.object) else None
        standing[event.name] = PodSeen(event.name, ready_at_s)
    return tuple(standing.values())


def thousandths(quantity: str) -> int:
    """A small quantity, such as one of cores, in thousandths.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    return int(quantity.removesuffix("m")) if quantity.endswith("m") else round(float(quantity) * 1000)
