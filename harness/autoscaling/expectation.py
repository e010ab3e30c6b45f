"""Which replica counts are right for a HorizontalPodAutoscaler: recommendations within windows, policies and bounds.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise

from harness.autoscaling.model import Look, recommendations

SLACK_S = 3.0
"""How much later than its moment a status may have been written, and have arrived."""

Extreme = Callable[[Iterable[int]], int]


def right_counts(looks: Sequence[Look], number: int) -> frozenset[int]:
    """All counts that are right for one look, the earlier ones before it; `looks` begin with the autoscaler."""
    look, before = looks[number], looks[:number]
    rules = look.rules
    if not rules.lowest <= look.current <= rules.highest:
        return frozenset({min(max(look.current, rules.lowest), rules.highest)})
    if look.utilization is None:
        # Nothing is decided, and the status keeps what was desired before, 0 at first.
        return frozenset({look.current, before[-1].desired if before else 0})
    return frozenset(
        limited
        for recommended in recommendations(look)
        for stabilized in _stabilized(looks, number, recommended)
        for limited in _limited(before, look, stabilized)
    )


def wrong_looks(looks: Sequence[Look]) -> tuple[str, ...]:
    """In words: every look whose count is none of the right ones."""
    found = ((look, right_counts(looks, number)) for number, look in enumerate(looks))
    return tuple(f"{look}; right: {sorted(right)}" for look, right in found if look.desired not in right)


def _stabilized(looks: Sequence[Look], number: int, recommended: int) -> Iterator[int]:
    """The lowest recommendation within the window when scaling up, the highest when scaling down.

    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#stabilization-window
    """
    look = looks[number]
    for up in _within_window(looks, number, recommended, look.rules.up.window_s, min, max):
        for down in _within_window(looks, number, recommended, look.rules.down.window_s, max, min):
            yield min(max(look.current, up), down)


def _within_window(
    looks: Sequence[Look], number: int, recommended: int, window_s: int, extreme: Extreme, other: Extreme
) -> Iterator[int]:
    """What may be the extreme of all recommendations of the last `window_s`."""
    if not window_s:
        yield recommended
        return
    begin_s = looks[number].at_s - window_s
    # What there was at the beginning counts as the first recommendation.
    sure = [[looks[0].current]] if looks[0].at_s > begin_s + SLACK_S else []
    perhaps = [[looks[0].current]] if looks[0].at_s > begin_s - SLACK_S else []
    for earlier, following in pairwise(looks[: number + 1]):
        made = list(recommendations(earlier))
        if made and earlier.at_s > begin_s + SLACK_S:
            sure.append(made)
        # A status that stays as it was is not written again, so a recommendation may have held until the next.
        if made and following.at_s > begin_s - SLACK_S:
            perhaps.append(made)
    ends = sorted(
        (
            extreme([recommended, *(other(made) for made in sure)]),
            extreme([recommended, *(extreme(made) for made in perhaps)]),
        )
    )
    yield from (count for count in {recommended, *chain(*sure), *chain(*perhaps)} if ends[0] <= count <= ends[1])


def _limited(before: Sequence[Look], look: Look, wanted: int) -> Iterator[int]:
    """The count as far as policies and bounds let it go."""
    for slack_s in (-SLACK_S, SLACK_S):
        if wanted > look.current:
            furthest = max(look.current, _furthest_up(before, look, slack_s))
            yield min(wanted, look.rules.highest, furthest)
        elif wanted < look.current:
            furthest = min(look.current, _furthest_down(before, look, slack_s))
            yield max(wanted, look.rules.lowest, furthest)
        else:
            yield look.current


def _furthest_up(before: Sequence[Look], look: Look, slack_s: float) -> int:
    rules = look.rules.up
    if rules.select == "Disabled":
        return look.current
    return (min if rules.select == "Min" else max)(
        start + policy.value if policy.kind == "Pods" else math.ceil(start * (1 + policy.value / 100))
        for policy in rules.policies
        for start in [_at_start(before, look, policy.period_s + slack_s)]
    )


def _furthest_down(before: Sequence[Look], look: Look, slack_s: float) -> int:
    rules = look.rules.down
    if rules.select == "Disabled":
        return look.current
    return (max if rules.select == "Min" else min)(
        start - policy.value if policy.kind == "Pods" else int(start * (1 - policy.value / 100))
        for policy in rules.policies
        for start in [_at_start(before, look, policy.period_s + slack_s)]
    )


def _at_start(before: Sequence[Look], look: Look, period_s: float) -> int:
    """How many replicas there were at the period's beginning."""
    return look.current - sum(earlier.change for earlier in before if look.at_s - earlier.at_s < period_s)
