"""Records as readers are shown them: texts without what cannot be seen, and numbers that may be none."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from reports.model import Measurement
from reports.text import visible

Value = TypeVar("Value")

NO_NUMBER = "n/a"
LARGE = 1e15
"""From here on a number is written with its power of ten."""


def readable(value: Value) -> Value:
    """Return the same records, dicts and lists with every text in them made visible."""
    return _readable(value)  # type: ignore[no-any-return]


def _readable(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(key)): _readable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_readable(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{entry.name: _readable(getattr(value, entry.name)) for entry in fields(value)})
    return value


def finite(value: object) -> float | None:
    """Return a number that can be shown and drawn, or None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number(value: object) -> str:
    """Return a figure of a table."""
    shown = finite(value)
    if shown is None:
        return NO_NUMBER
    if abs(shown) >= LARGE:
        return f"{shown:.4g}"
    return f"{shown:,.1f}" if shown < 1000 else f"{shown:,.0f}"


def interval(measured: Measurement, quantile: str) -> str:
    """Return the ends of a quantile's interval."""
    if quantile not in measured.ci95:
        return "no interval"
    low, high = measured.ci95[quantile]
    return f"{number(low)} to {number(high)}"


def seconds(value: object) -> float:
    """Return a duration, or 0 for what cannot be one."""
    shown = finite(value)
    return 0.0 if shown is None else max(shown, 0.0)
