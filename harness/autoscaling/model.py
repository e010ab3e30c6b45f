"""The recommendations of a HorizontalPodAutoscaler, computed from the metric in its status.

The formula is that of https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details .
The status does not report which pods had a metric. So a pod that became ready recently is counted in every way that the
controller may have counted it, and the result is a set of recommendations. Once all pods have been ready for a while,
the set has one member. `harness.autoscaling.expectation` applies windows, policies and bounds to the recommendations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

SETTLED_S = 45.0
"""The time after which a ready pod certainly has a metric that counts.

The window of the metric must begin after the pod became ready, and a metric needs two readings: a kubelet reads its
containers every 10 to 15 s, metrics-server reads the kubelets every 10 s.
"""

DEFAULT_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Policy:
    """A scaling policy: a change of at most `value` "Pods", or "Percent" of the pods, within any `period_s`."""

    kind: str
    value: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Direction:
    """The rules for scaling up or down: `select` is "Max", "Min" or "Disabled", `tolerance` a share of 1."""

    policies: tuple[Policy, ...]
    window_s: int = 0
    select: str = "Max"
    tolerance: float = DEFAULT_TOLERANCE


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in an autoscaler's spec; `target` is in percent of the CPU that the pods request."""

    lowest: int
    highest: int
    target: int
    up: Direction
    down: Direction


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod of the autoscaler's target: `ready_at_s` is when it became ready, or None if it is not ready.

    The time is on the harness's own monotonic clock.
    """

    name: str
    ready_at_s: float | None


@dataclass(frozen=True, slots=True)
class AutoscalerSample:
    """A status that the autoscaler wrote, and the pods at that time.

    `at_s` is on the harness's own monotonic clock. `utilization` in percent and `average_m` in millicores per pod are
    None if the autoscaler had no metric. `reasons` maps the types of the conditions to their reasons, with "!" before
    the reason of a condition that is not True.
    """

    at_s: float
    rules: Rules
    current: int
    desired: int
    utilization: int | None
    average_m: int | None
    pods: tuple[PodSeen, ...]
    reasons: dict[str, str]

    @property
    def settled(self) -> int:
        """Return the number of pods that certainly have a metric."""
        return sum(pod.ready_at_s is not None and self.at_s - pod.ready_at_s >= SETTLED_S for pod in self.pods)

    @property
    def change(self) -> int:
        """Return the number of replicas that the autoscaler added; negative if it removed some."""
        within = self.rules.lowest <= self.current <= self.rules.highest
        return 0 if within and self.utilization is None else self.desired - self.current

    def __str__(self) -> str:
        """Return the sample in one line, for messages."""
        metric = "no metric" if self.utilization is None else f"{self.utilization}%"
        conditions = ", ".join(f"{kind} {reason}" for kind, reason in self.reasons.items())
        return (
            f"{self.current} replicas at {metric} (target {self.rules.target}%), {self.desired} desired, "
            f"{self.settled} settled ({conditions})"
        )


def recommendations(sample: AutoscalerSample) -> frozenset[int]:
    """Return every result that the formula may have before windows, policies and bounds; none without a metric."""
    pods = len(sample.pods)
    return frozenset(
        count
        for counted in range(max(1, sample.settled), pods + 1)
        for missing in range(pods - counted + 1)
        for count in _recommended(sample, counted, missing, pods - counted - missing)
    )


def _recommended(sample: AutoscalerSample, counted: int, missing: int, unready: int) -> Iterator[int]:
    """Yield the results of the formula for these numbers of pods with a metric, without a metric, and not ready."""
    if sample.utilization is None:
        return
    ratio = sample.utilization / sample.rules.target
    assumed = missing + (unready if ratio > 1.0 else 0)
    if not assumed:
        yield sample.current if _tolerated(sample.rules, ratio) else math.ceil(ratio * counted)
        return
    # A pod without a metric is assumed to use 0% when scaling up, and the larger of 100% and the target when down.
    each = 0 if ratio > 1.0 else max(100, sample.rules.target)
    # The reported percentage was rounded down. These are the lowest and the highest sum that it may stand for.
    for sum_percent in (sample.utilization * counted, (sample.utilization + 1) * counted - 1):
        yield _with_assumed(sample, ratio, (sum_percent + each * assumed) // (counted + assumed), counted + assumed)


def _with_assumed(sample: AutoscalerSample, ratio: float, utilization: int, considered: int) -> int:
    """Return the result of the second calculation, with assumed metrics. It never reverses the scaling direction."""
    new_ratio = utilization / sample.rules.target
    if _tolerated(sample.rules, new_ratio) or (ratio < 1.0 < new_ratio) or (new_ratio < 1.0 < ratio):
        return sample.current
    count = math.ceil(new_ratio * considered)
    reversed_direction = (new_ratio < 1.0 and count > sample.current) or (new_ratio > 1.0 and count < sample.current)
    return sample.current if reversed_direction else count


def _tolerated(rules: Rules, ratio: float) -> bool:
    return 1.0 - rules.down.tolerance <= ratio <= 1.0 + rules.up.tolerance
