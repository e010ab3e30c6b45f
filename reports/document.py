"""Convert values to what JSON can represent, and read records back from JSON documents with their types checked.

A record is a frozen dataclass whose fields are strings, numbers, `StrEnum`s, records, and tuples and dicts of these.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def storable(value: Any) -> Any:
    """Return `value` with None in place of NaN and infinity, which JSON cannot represent (RFC 8259, section 6)."""
    if isinstance(value, dict):
        return {key: storable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_record(kind: type[Record], doc: object, where: str) -> Record:
    """Return the record that `doc` holds; `where` names it in errors. Ignore entries that are not fields of `kind`.

    Raises `ValueError`, with the path of the entry, for a missing entry or one of the wrong type.
    """
    if not isinstance(doc, dict):
        raise _mismatch(where, "an object", doc)
    hints = get_type_hints(kind)
    values = {}
    for entry in fields(kind):  # type: ignore[arg-type]  # a dataclass, by contract
        if entry.name in doc:
            values[entry.name] = _read(hints[entry.name], doc[entry.name], f"{where}.{entry.name}")
        elif _is_required(entry):
            raise ValueError(f"{where} lacks {entry.name!r}")
    return kind(**values)


def _read(hint: Any, value: object, where: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if is_dataclass(hint):
        return read_record(hint, value, where)  # type: ignore[arg-type]
    if origin in (Union, UnionType):
        return None if value is None else _read(next(part for part in parts if part is not NoneType), value, where)
    if origin is tuple:
        return _read_tuple(parts, value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise _mismatch(where, "an object", value)
        return {key: _read(parts[1], part, f"{where}[{reprlib.repr(key)}]") for key, part in value.items()}
    return _read_plain(hint, value, where)


def _read_tuple(parts: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    any_length = parts[-1] is Ellipsis
    if not isinstance(value, list) or not (any_length or len(value) == len(parts)):
        raise _mismatch(where, "a list" if any_length else f"a list of {len(parts)}", value)
    hints = [parts[0]] * len(value) if any_length else parts
    return tuple(
        _read(hint, part, f"{where}[{place}]") for place, (hint, part) in enumerate(zip(hints, value, strict=True))
    )


def _read_plain(hint: Any, value: object, where: str) -> Any:
    """Return a string, number or enumeration member. A float that was stored as null becomes NaN."""
    if issubclass(hint, StrEnum):
        if value not in tuple(hint):
            raise ValueError(f"{where}: expected one of {', '.join(hint)}, found {reprlib.repr(value)}")
        return hint(value)
    if hint is float:
        if value is None:
            return math.nan
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _mismatch(where, "a number", value)
        return value
    if hint is int and (isinstance(value, bool) or not isinstance(value, int)):
        raise _mismatch(where, "a whole number", value)
    if hint is str and not isinstance(value, str):
        raise _mismatch(where, "a text", value)
    return value


def _is_required(entry: Field[Any]) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def _mismatch(where: str, expected: str, found: object) -> ValueError:
    return ValueError(f"{where}: expected {expected}, found {reprlib.repr(found)}")
