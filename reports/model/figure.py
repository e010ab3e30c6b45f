"""Figures: numbers that JSON may not be able to represent, and intervals of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema


def _null_as_nan(value: Any) -> Any:
    return math.nan if value is None else value


def _finite_or_null(value: float) -> float | None:
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # an int that no float can hold
        return None


Figure = Annotated[
    float,
    BeforeValidator(_null_as_nan),
    PlainSerializer(_finite_or_null, when_used="json"),
    WithJsonSchema({"type": ["number", "null"]}),
]
"""A float. NaN and infinity are stored as null, since JSON lacks them (RFC 8259, section 6), and read as NaN."""


def _finite_or_none(value: float | None) -> float | None:
    return None if value is None else _finite_or_null(value)


OptionalFigure = Annotated[float | None, PlainSerializer(_finite_or_none, when_used="json")]
"""A float, or None if there is no such figure. NaN and infinity are stored as null, too."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with a lower and an upper end. Its use says what they are: a 95% interval, or the extremes of turns."""

    value: Figure
    low: Figure
    high: Figure
