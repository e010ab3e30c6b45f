"""Texts as they are shown and stored: characters that are invisible, control a terminal, or cannot be encoded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

UNSEEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters; XML 1.0 forbids most of the first 32 (section 2.2), also as references
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # text direction, no width
    "\ud800-\udfff"  # halves of a pair, which no UTF-8 file can hold
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
    "\U000e0000-\U000e007f"  # tags
    "]"
)


LONGEST_LINE = 2000


SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    r"""Return `text` with escapes such as \ud800 for unpaired surrogates, which no UTF-8 file can hold."""
    return SURROGATE.sub(lambda found: _escape(found[0]), text)


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return the same records, dicts and sequences with `change` applied to every text in them."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): map_texts(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map_texts(part, change) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {entry.name: map_texts(getattr(value, entry.name), change) for entry in fields(value)}
        return replace(value, **changed)
    return value


def visible(text: str, keep: str = "\n\t") -> str:
    r"""Return `text` with escapes such as \x1b and \u202e for characters that are not seen, except those in `keep`."""
    return UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def one_line(text: str) -> str:
    """Return `text` as one line for a terminal, cut where it is longer than anybody reads."""
    shown = visible(text[: LONGEST_LINE + 1], keep="")
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]}..."


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
