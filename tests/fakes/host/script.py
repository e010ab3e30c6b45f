"""The choice of a scripted answer, which the fakes that run programs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def scripted(script: Mapping[str, T], line: str) -> T | None:
    """Return the answer for the longest beginning of the command `line` in `script`, or None if there is none."""
    beginning = max((known for known in script if line.startswith(known)), key=len, default=None)
    return None if beginning is None else script[beginning]
