"""Estimate the cost per rule: the nanoseconds by which each traversed iptables rule delays a new connection.

Two places of one chain are measured in the same blocks of time; connections to the later place traverse a known number
of additional rules. A disturbance of a block affects both places, so the difference of their medians is due to the
additional rules alone. The cost per rule also changes from one minute to the next, with the contents of the processor's
caches. The interval therefore rests on the differences between steps and not only on those between blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import scipy

from harness.statistics.comparison import Range
from harness.statistics.pooled import pooled

MANY_RULES = 500
"""The number of rules from which on a step is used to estimate the cost per rule, if enough steps have so many.

The cost of fewer rules is smaller than the scatter of blocks. Also, the first rules of a chain cost more than the rest,
because the processor has not yet started to prefetch.
"""

NS_PER_US = 1000.0
ERROR_OF_MEDIAN = 1.2533
"""The standard error of a median relative to that of a mean, for a normal distribution: the square root of pi / 2."""

FINEST_US = 0.01
"""The lower bound of a standard error, for blocks that are all equal."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The difference between two places in one block: `rules` more rules, and `later_us` more microseconds."""

    rules: int
    later_us: float


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a chain: the number of rules before it, and the first packet's median by block number."""

    rules: int
    medians_us: Mapping[int, float]


def walks(places: Sequence[Place]) -> Iterator[Walk]:
    """Compare each later place with the first one in every block that both have; yield nothing for a single place."""
    for place in places[1:]:
        first = places[0]
        for number in sorted(place.medians_us.keys() & first.medians_us.keys()):
            yield Walk(place.rules - first.rules, place.medians_us[number] - first.medians_us[number])


def cost_per_rule(steps: Sequence[Sequence[Walk]]) -> Range:
    """Return the cost per rule in microseconds with its 95% interval, pooled over steps.

    Each step counts with its comparisons over the most rules. At least two steps must have comparisons.
    """
    costs = [_step_cost(step) for step in steps if step]
    return pooled([cost_us for cost_us, _ in costs], [error_us for _, error_us in costs])


def _step_cost(walks: Sequence[Walk]) -> tuple[float, float]:
    """Return the cost per rule of one step and its standard error, both in microseconds."""
    rules, cost_ns = farthest(walks)
    later_us = [walk.later_us for walk in walks if walk.rules == rules]
    spread_us = float(scipy.stats.median_abs_deviation(later_us, scale="normal"))
    error_us = max(ERROR_OF_MEDIAN * spread_us / len(later_us) ** 0.5, FINEST_US)
    return cost_ns / NS_PER_US, error_us / rules


def farthest(walks: Sequence[Walk]) -> tuple[int, float]:
    """Return the most rules that `walks` compare over, and the median cost per rule over so many, in nanoseconds.

    `walks` are those of one step, at least one.
    """
    rules = max(walk.rules for walk in walks)
    return rules, median(walk.later_us for walk in walks if walk.rules == rules) / rules * NS_PER_US


def has_many_rules(walks: Sequence[Walk]) -> bool:
    """Return whether `walks`, those of one step, compare over at least `MANY_RULES` rules; False for no walks."""
    return bool(walks) and farthest(walks)[0] >= MANY_RULES


def agree(ours: Range, theirs: Range) -> bool:
    """Return whether the two 95% intervals overlap."""
    return ours.low <= theirs.high and theirs.low <= ours.high
