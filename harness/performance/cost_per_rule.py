"""What one rule that a connection walks costs.

Places of one chain are reached in the same blocks of time, one behind the other by a known number of rules; what
disturbed a block disturbed both, so the difference of their medians is the longer walk's alone. What a rule costs
changes from one minute to the next as well, with what else is in the processor's caches, so that it is the steps that
are counted, and not their blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from scipy import stats

from harness.statistics.comparison import Range
from harness.statistics.pooled import pooled

MANY_RULES = 500
"""Fewer cost less than what blocks differ by; and the first of a walk cost more than those that follow, since the
processor has not begun to fetch them ahead."""

NS_PER_US = 1000.0
ERROR_OF_MEDIAN = 1.2533
"""Of that of a mean, for a normal distribution: the root of pi / 2."""

FINEST_US = 0.01
"""Blocks that are all alike are no surer than this."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One block: so many rules more were walked, and the first packet came so much later."""

    rules: int
    later_us: float


@dataclass(frozen=True, slots=True)
class Place:
    """So many rules are walked before it; the medians of the first packets that reached it, by the number of block."""

    rules: int
    medians_us: Mapping[int, float]


def walks(places: Sequence[Place]) -> Iterator[Walk]:
    """Each later place beside the first, in each block that both have; nothing if there are not two."""
    for place in places[1:]:
        first = places[0]
        for number in sorted(place.medians_us.keys() & first.medians_us.keys()):
            yield Walk(place.rules - first.rules, place.medians_us[number] - first.medians_us[number])


def cost_per_rule(steps: Sequence[Sequence[Walk]]) -> Range:
    """Microseconds per rule, by the farthest walks of each step; at least two steps with walks."""
    found = [_step_cost(step) for step in steps if step]
    return pooled([cost_us for cost_us, _ in found], [error_us for _, error_us in found])


def _step_cost(walks: Sequence[Walk]) -> tuple[float, float]:
    """Microseconds per rule in one step, and the standard error of that by its blocks."""
    rules, cost_ns = farthest(walks)
    later_us = [walk.later_us for walk in walks if walk.rules == rules]
    spread_us = float(stats.median_abs_deviation(later_us, scale="normal"))
    error_us = max(ERROR_OF_MEDIAN * spread_us / len(later_us) ** 0.5, FINEST_US)
    return cost_ns / NS_PER_US, error_us / rules


def farthest(walks: Sequence[Walk]) -> tuple[int, float]:
    """The rules of the longest walks, and nanoseconds a rule by their median; `walks` of one step, at least one."""
    rules = max(walk.rules for walk in walks)
    return rules, median(walk.later_us for walk in walks if walk.rules == rules) / rules * NS_PER_US


def agree(ours: Range, theirs: Range) -> bool:
    """Their 95% intervals have something in common."""
    return ours.low <= theirs.high and theirs.low <= ours.high
