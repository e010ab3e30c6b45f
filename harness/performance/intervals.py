"""Intervals as records of the report."""

from __future__ import annotations

from harness.statistics.comparison import Range
from reports.model import Interval


def interval_of(found: Range, scale: float = 1.0) -> Interval:
    """Return a range as the report stores it, with its ends multiplied by `scale`, for another unit."""
    return Interval(found.value * scale, found.low * scale, found.high * scale)
