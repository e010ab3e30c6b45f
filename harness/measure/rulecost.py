"""What one rule that a connection walks costs.

Two chains are walked in the same blocks of time, one longer than the other by a known number of rules; what disturbed a
block disturbed both, so the difference of their medians is the longer walk's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.measure.slope import Slope, robust_slope


@dataclass(frozen=True, slots=True)
class Walk:
    """One block: so many rules more were walked, and the first packet came so much later."""

    rules: int
    later_us: float


def rule_cost(walks: Sequence[Walk]) -> Slope:
    """Microseconds per rule; `walks` of at least two different lengths."""
    return robust_slope([walk.rules for walk in walks], [walk.later_us for walk in walks])


def agree(ours: Slope, theirs: Slope) -> bool:
    """Their 95% intervals have something in common."""
    return ours.low <= theirs.high and theirs.low <= ours.high
