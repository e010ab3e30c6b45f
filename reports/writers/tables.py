"""Measurements as tables: one for each name, with a column for each condition that is not the same in all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.model import Measurement


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement, and its conditions in the order of the table's columns."""

    conditions: tuple[str, ...]
    measured: Measurement


@dataclass(frozen=True, slots=True)
class Table:
    """All measurements of one name; `common` are the conditions that all of them share, in words."""

    title: str
    unit: str
    common: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(measurements: Sequence[Measurement]) -> list[Table]:
    """In the order in which names first come."""
    by_name: dict[str, list[Measurement]] = {}
    for measured in measurements:
        by_name.setdefault(measured.name, []).append(measured)
    return [_table(name, found) for name, found in by_name.items()]


def _table(name: str, measurements: list[Measurement]) -> Table:
    names = list(dict.fromkeys(name for measured in measurements for name in measured.conditions))
    values = {name: [_words(measured.conditions.get(name)) for measured in measurements] for name in names}
    columns = tuple(name for name in names if len(set(values[name])) > 1)
    common = ", ".join(f"{_title(name)} {values[name][0]}" for name in names if name not in columns and values[name][0])
    rows = tuple(
        Row(tuple(values[name][number] for name in columns), measured) for number, measured in enumerate(measurements)
    )
    return Table(_title(name), measurements[0].unit, common, tuple(map(_title, columns)), rows)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _words(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
