"""The right replica counts of a HorizontalPodAutoscaler: its recommendations within windows, policies and bounds.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise

from harness.autoscaling.model import AutoscalerSample, recommendations

SLACK_S = 3.0
"""How much later than the decision that it reports a status may have been written and received."""

Extreme = Callable[[Iterable[int]], int]


def right_counts(samples: Sequence[AutoscalerSample], number: int) -> frozenset[int]:
    """Return all right counts for the sample of that number, given the earlier samples.

    `samples` must begin with the first status of the autoscaler.
    """
    sample, before = samples[number], samples[:number]
    rules = sample.rules
    if not rules.lowest <= sample.current <= rules.highest:
        return frozenset({min(max(sample.current, rules.lowest), rules.highest)})
    if sample.utilization is None:
        # The controller decides nothing, and the status keeps the previous desired count, which is 0 at first.
        return frozenset({sample.current, before[-1].desired if before else 0})
    return frozenset(
        limited
        for recommended in recommendations(sample)
        for stabilized in _stabilized(samples, number, recommended)
        for limited in _limited(before, sample, stabilized)
    )


def wrong_samples(samples: Sequence[AutoscalerSample]) -> tuple[str, ...]:
    """Return, in words, every sample whose desired count is not one of the right counts."""
    found = ((sample, right_counts(samples, number)) for number, sample in enumerate(samples))
    return tuple(f"{sample}; right: {sorted(right)}" for sample, right in found if sample.desired not in right)


def _stabilized(samples: Sequence[AutoscalerSample], number: int, recommended: int) -> Iterator[int]:
    """Yield the counts after stabilization: the window's lowest recommendation when scaling up, its highest when down.

    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#stabilization-window
    """
    sample = samples[number]
    for up in _within_window(samples, number, recommended, sample.rules.up.window_s, min, max):
        for down in _within_window(samples, number, recommended, sample.rules.down.window_s, max, min):
            yield min(max(sample.current, up), down)


def _within_window(
    samples: Sequence[AutoscalerSample], number: int, recommended: int, window_s: int, extreme: Extreme, other: Extreme
) -> Iterator[int]:
    """Yield every count that may be the extreme of the recommendations of the last `window_s`.

    Some recommendations are certainly within the window. Others may be, because the time of a decision is known only
    within `SLACK_S`.
    """
    if not window_s:
        yield recommended
        return
    begin_s = samples[number].at_s - window_s
    # The number of replicas at the beginning counts as the first recommendation.
    certain = [[samples[0].current]] if samples[0].at_s > begin_s + SLACK_S else []
    possible = [[samples[0].current]] if samples[0].at_s > begin_s - SLACK_S else []
    for earlier, following in pairwise(samples[: number + 1]):
        counts = list(recommendations(earlier))
        if counts and earlier.at_s > begin_s + SLACK_S:
            certain.append(counts)
        # The controller does not write an unchanged status, so a recommendation may have held until the next status.
        if counts and following.at_s > begin_s - SLACK_S:
            possible.append(counts)
    ends = sorted(
        (
            extreme([recommended, *(other(counts) for counts in certain)]),
            extreme([recommended, *(extreme(counts) for counts in possible)]),
        )
    )
    yield from (count for count in {recommended, *chain(*certain), *chain(*possible)} if ends[0] <= count <= ends[1])


def _limited(before: Sequence[AutoscalerSample], sample: AutoscalerSample, wanted: int) -> Iterator[int]:
    """Yield the counts that policies and bounds allow on the way to `wanted`."""
    for slack_s in (-SLACK_S, SLACK_S):
        if wanted > sample.current:
            furthest = max(sample.current, _furthest_up(before, sample, slack_s))
            yield min(wanted, sample.rules.highest, furthest)
        elif wanted < sample.current:
            furthest = min(sample.current, _furthest_down(before, sample, slack_s))
            yield max(wanted, sample.rules.lowest, furthest)
        else:
            yield sample.current


def _furthest_up(before: Sequence[AutoscalerSample], sample: AutoscalerSample, slack_s: float) -> int:
    rules = sample.rules.up
    if rules.select == "Disabled":
        return sample.current
    return (min if rules.select == "Min" else max)(
        start + policy.value if policy.kind == "Pods" else math.ceil(start * (1 + policy.value / 100))
        for policy in rules.policies
        for start in [_at_start(before, sample, policy.period_s + slack_s)]
    )


def _furthest_down(before: Sequence[AutoscalerSample], sample: AutoscalerSample, slack_s: float) -> int:
    rules = sample.rules.down
    if rules.select == "Disabled":
        return sample.current
    return (max if rules.select == "Min" else min)(
        start - policy.value if policy.kind == "Pods" else int(start * (1 - policy.value / 100))
        for policy in rules.policies
        for start in [_at_start(before, sample, policy.period_s + slack_s)]
    )


def _at_start(before: Sequence[AutoscalerSample], sample: AutoscalerSample, period_s: float) -> int:
    """Return the number of replicas at the beginning of the period."""
    return sample.current - sum(earlier.change for earlier in before if sample.at_s - earlier.at_s < period_s)
