"""The type of a figure: a number that JSON may not be able to represent."""

from __future__ import annotations

import math
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
