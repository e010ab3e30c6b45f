"""Records as they are shown to readers: invisible characters as escapes, and numbers that may be NaN."""

from __future__ import annotations

import math
from typing import TypeVar

from reports.model import Interval, Measurement
from reports.text import map_texts, visible

Value = TypeVar("Value")

NO_NUMBER = "n/a"
MB = 1_000_000
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


def drawable(value: object) -> float | None:
    """Return a number that an axis can show; None for any other value."""
    shown = finite(value)
    return None if shown is None or abs(shown) >= LARGE else shown


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


def many(count: int, noun: str) -> str:
    """Return a number of things: "1 case", "2 cases"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def fixed(value: object, places: int = 1) -> str:
    """Return a figure with this many decimal places and separators of thousands."""
    shown = finite(value)
    if shown is None:
        return NO_NUMBER
    return f"{shown:.4g}" if abs(shown) >= LARGE else f"{shown:z,.{places}f}"


def scaled(value: object, factor: float) -> float | None:
    """Return a figure times `factor`; None if it is not known."""
    shown = finite(value)
    return None if shown is None else finite(shown * factor)


def ratio(value: object, other: object) -> float | None:
    """Return `value` over `other`; None if that is not known."""
    above, below = finite(value), finite(other)
    return finite(above / below) if above is not None and below else None


def short(value: object) -> str:
    """Return a figure without trailing zeros: from 1,000 on as a whole number, below with four significant digits."""
    shown = finite(value)
    if shown is None:
        return NO_NUMBER
    return fixed(shown, 0) if 1000 <= abs(shown) < LARGE else f"{shown:.4g}"


def with_ends(found: Interval, places: int | None = None, unit: str = "", called: str = "") -> str:
    """Return a value, with its unit if one is given, and the ends of its interval, with what it is `called` before.

    By default with as many digits as the interval's width justifies: two of the width (JCGM 100:2008, 7.2.6).
    """
    low, high = finite(found.low), finite(found.high)
    if places is None:
        width = 0.0 if low is None or high is None else high - low
        if not 0 < width < LARGE:
            return f"{short(found.value)}{unit} ({called}{short(found.low)} to {short(found.high)})"
        places = max(0, 1 - math.floor(math.log10(width)))
    ends = f"{fixed(found.low, places)} to {fixed(found.high, places)}"
    return f"{fixed(found.value, places)}{unit} ({called}{ends})"
