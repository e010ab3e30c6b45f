"""What a HorizontalPodAutoscaler recommends, worked out from the metric that it says it has seen.

The formula is that of https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details .
What the controller saw of each pod is not told, so a pod that has not been ready for long counts in every way it
may have: the answer is a set, with one member as soon as all pods have been ready for a while.
`harness.autoscaling.expectation` says what windows, policies and bounds make of a recommendation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

SETTLED_S = 45.0
"""A pod that has been ready for so long has a metric that counts.

The metric has to be of the time since the pod became ready, and two readings make one: a kubelet reads its
containers every 10 to 15 s, metrics-server the kubelets every 10 s."""

DEFAULT_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `value` "Pods" or "Percent" of the pods within any `period_s`."""

    kind: str
    value: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Direction:
    """Scaling up, or down: `select` is "Max", "Min" or "Disabled"; `tolerance` a part of 1."""

    policies: tuple[Policy, ...]
    window_s: int = 0
    select: str = "Max"
    tolerance: float = DEFAULT_TOLERANCE


@dataclass(frozen=True, slots=True)
class Rules:
    """What the autoscaler was told; `target` in percent of what the pods request."""

    lowest: int
    highest: int
    target: int
    up: Direction
    down: Direction


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod under the autoscaler; `ready_at_s` is when it became ready by our monotonic clock, None if it is not."""

    name: str
    ready_at_s: float | None


@dataclass(frozen=True, slots=True)
class AutoscalerSample:
    """One status that the autoscaler wrote, and the pods at that time; `at_s` by our monotonic clock.

    `utilization` in percent and `average_m` in millicores a pod are None where it had no metric. `reasons` maps
    the conditions' types to their reasons, with "!" before the reason of one that is not True.
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
        """How many pods have a metric for certain."""
        return sum(pod.ready_at_s is not None and self.at_s - pod.ready_at_s >= SETTLED_S for pod in self.pods)

    @property
    def change(self) -> int:
        """How many replicas it added; negative: took away."""
        within = self.rules.lowest <= self.current <= self.rules.highest
        return 0 if within and self.utilization is None else self.desired - self.current

    def __str__(self) -> str:
        """In one line, for messages."""
        metric = "no metric" if self.utilization is None else f"{self.utilization}% of {self.rules.target}%"
        told = ", ".join(f"{kind} {why}" for kind, why in self.reasons.items())
        return f"{self.current} replicas at {metric} to {self.desired}, {self.settled} settled ({told})"


def recommendations(sample: AutoscalerSample) -> frozenset[int]:
    """What the formula may give, before windows, policies and bounds; nothing where there is no metric."""
    everyone = len(sample.pods)
    return frozenset(
        count
        for counted in range(max(1, sample.settled), everyone + 1)
        for missing in range(everyone - counted + 1)
        for count in _recommended(sample, counted, missing, everyone - counted - missing)
    )


def _recommended(sample: AutoscalerSample, counted: int, missing: int, unready: int) -> Iterator[int]:
    """The formula with so many pods whose metric counts, without a metric, and not ready."""
    if sample.utilization is None:
        return
    ratio = sample.utilization / sample.rules.target
    assumed = missing + (unready if ratio > 1.0 else 0)
    if not assumed:
        yield sample.current if _tolerated(sample.rules, ratio) else math.ceil(ratio * counted)
        return
    # Without a metric: idle before a step up, at its whole request or the target before a step down.
    each = 0 if ratio > 1.0 else max(100, sample.rules.target)
    # The percentage was rounded down: whatever the true one was, it gives one of these or something between.
    for sum_percent in (sample.utilization * counted, (sample.utilization + 1) * counted - 1):
        yield _with_assumed(sample, ratio, (sum_percent + each * assumed) // (counted + assumed), counted + assumed)


def _with_assumed(sample: AutoscalerSample, ratio: float, utilization: int, considered: int) -> int:
    """The second calculation, which never turns the direction round."""
    again = utilization / sample.rules.target
    if _tolerated(sample.rules, again) or (ratio < 1.0 < again) or (again < 1.0 < ratio):
        return sample.current
    count = math.ceil(again * considered)
    turned = (again < 1.0 and count > sample.current) or (again > 1.0 and count < sample.current)
    return sample.current if turned else count


def _tolerated(rules: Rules, ratio: float) -> bool:
    return 1.0 - rules.down.tolerance <= ratio <= 1.0 + rules.up.tolerance
