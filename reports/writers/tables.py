"""Tables of measurements, one for each name, and tables of findings by step.

A table of measurements has a column for each condition that differs between its rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reports.model import Finding, Measurement
from reports.writers.readable import NO_NUMBER, finite

OF_STEP = re.compile(r"(?P<name>.+) at step (?P<step>[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement, with its conditions in the order of the table's columns."""

    conditions: tuple[str, ...]
    measured: Measurement


@dataclass(frozen=True, slots=True)
class Table:
    """All measurements of one name; `common` names the conditions that all of them share."""

    title: str
    unit: str
    common: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(measurements: Sequence[Measurement]) -> list[Table]:
    """Return a table for each name, in the order in which the names first appear."""
    by_name: dict[str, list[Measurement]] = {}
    for measured in measurements:
        by_name.setdefault(measured.name, []).append(measured)
    return [_table(name, found) for name, found in by_name.items()]


@dataclass(frozen=True, slots=True)
class StepTable:
    """A finding's numbers by step; each row has a cell for each column, empty if there is no number."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def step_table(finding: Finding) -> StepTable | None:
    """Return the finding's numbers by step, or None if they are not all numbers of steps."""
    found = [(OF_STEP.fullmatch(key), value) for key, value in finding.numbers.items()]
    cells = {(int(key["step"]), key["name"]): _words(value) for key, value in found if key}
    if not cells or len(cells) < len(found):
        return None
    names = list(dict.fromkeys(name for _, name in cells))
    steps = sorted({step for step, _ in cells})
    rows = tuple(tuple(cells.get((step, name), "") for name in names) for step in steps)
    return StepTable(tuple(map(_title, names)), rows)


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
    if isinstance(value, float) and finite(value) is None:
        return NO_NUMBER
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
