"""Records as they are shown to readers: invisible characters as escapes, and numbers that may be NaN."""

from __future__ import annotations

import math
from typing import TypeVar

from reports.model import Measurement
from reports.text import map_texts, visible

Value = TypeVar("Value")

NO_NUMBER = "n/a"
LARGE = 1e15
"""Numbers from here on are written with a power of ten."""


def readable(value: Value) -> Value:
    """Return the same records, dicts and sequences with invisible characters in every text as escapes."""
    return map_texts(value, visible)  # type: ignore[no-any-return]


def finite(value: object) -> float | None:
    """Return a number that can be shown and drawn; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number(value: object) -> str:
    """Return a table's figure as text."""
    shown = finite(value)
    if shown is None:
        return NO_NUMBER
    if abs(shown) >= LARGE:
        return f"{shown:.4g}"
    return f"{shown:,.1f}" if shown < 1000 else f"{shown:,.0f}"


def interval(measured: Measurement, quantile: str) -> str:
    """Return the ends of a quantile's interval as text."""
    if quantile not in measured.ci95:
        return "no interval"
    low, high = measured.ci95[quantile]
    return f"{number(low)} to {number(high)}"


def seconds(value: object) -> float:
    """Return a duration in seconds; 0 for a value that is not one."""
    shown = finite(value)
    return 0.0 if shown is None else max(shown, 0.0)
