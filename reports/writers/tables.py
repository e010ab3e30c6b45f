"""Tables of measurements, one for each name, and tables of findings by step.

A table of measurements has a column for each condition that differs between its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from reports.model import Finding, Measurement, MeasurementName
from reports.model.findings import CostFinding, CostPerRuleFinding, StepUsage
from reports.writers.readable import MB, NO_NUMBER, finite, scaled

TITLES = {
    MeasurementName.FIRST_PACKET: "First packet, endpoint on another node",
    MeasurementName.FIRST_PACKET_SAME_NODE: "First packet, endpoint on the same node",
    MeasurementName.FIRST_PACKET_AA: "First packet under a second label (A/A pair)",
    MeasurementName.FIRST_PACKET_CORRECTED: "First packet, baseline-corrected",
    MeasurementName.FIRST_PACKET_BY_ENDPOINTS: "First packet by number of endpoints",
    MeasurementName.SERVICE_COST: "First packet above the control: the cost of a Service",
    MeasurementName.FIRST_PACKET_UNTRACKED: "Control: first packet on the same path without connection tracking",
    MeasurementName.CALIBRATION_CHAIN: "First packet in a chain of rules that never match",
    MeasurementName.START_LATENESS: "How late the generator started requests",
    MeasurementName.BASELINE: "Loopback baseline",
    MeasurementName.PERSISTENT_REQUEST: "Request on a persistent connection",
    MeasurementName.REQUEST_KIND: "Request kinds",
    MeasurementName.FIRST_PACKET_SLI: "First packet latency (SLI of SIG Scalability), by node",
    MeasurementName.KNOWN_DELAY: "First packet with a known delay",
    MeasurementName.UNDER_CHANGE: "Requests under change",
    MeasurementName.PROGRAMMING: "Time until a change takes effect",
}
"""The title of the table of each measurement."""

COLUMNS = {
    "cpu_s": "CPU, s",
    "programs_cpu_s": "CPU of its programs, s",
    "memory_mb": "memory, MB",
    "sync_s": "syncs, s",
    "created_s": "creation by the harness, s",
    "programmed_s": "until in every kernel, s",
    "rule_ns": "rule, ns",
    "calibrated_rule_ns": "rule in the chain, ns",
}
"""The titles of columns that contain a unit."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement, its number among all of the run, and its conditions in the order of the table's columns."""

    number: int
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
    """Return a table for each name and experiment, in the order in which they first appear.

    Within a table, measurements by the kernel's clock come first.
    """
    by_name: dict[tuple[MeasurementName, str | None], list[tuple[int, Measurement]]] = {}
    for number, measured in enumerate(measurements, 1):
        by_name.setdefault((measured.name, measured.conditions.experiment), []).append((number, measured))
    return [_table(name, sorted(found, key=_clock)) for (name, _), found in by_name.items()]


def _clock(numbered: tuple[int, Measurement]) -> bool:
    return numbered[1].conditions.clock != "kernel"


@dataclass(frozen=True, slots=True)
class StepTable:
    """A finding's numbers by step; each row has a cell for each column, empty if there is no number."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def step_table(finding: Finding) -> StepTable | None:
    """Return the numbers by step of a finding that has any, or None. A column without any number is left out."""
    match finding:
        case CostFinding():
            rows = [_with_megabytes(step) for step in finding.steps]
        case CostPerRuleFinding():
            rows = [asdict(step) for step in finding.steps]
        case _:
            rows = []
    columns = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    if not columns:
        return None
    return StepTable(
        tuple(COLUMNS.get(name) or _title(name) for name in columns),
        tuple(tuple(_cell(row[name]) for name in columns) for row in rows),
    )


def _with_megabytes(usage: StepUsage) -> dict[str, object]:
    """Return the numbers of a step with its memory in MB."""
    return {
        ("memory_mb" if name == "memory_bytes" else name): (scaled(value, 1 / MB) if name == "memory_bytes" else value)
        for name, value in asdict(usage).items()
    }


def _cell(value: object) -> str:
    shown = finite(value)
    return f"{shown:,.2f}" if isinstance(value, float) and shown is not None else _words(value)


def _table(name: MeasurementName, numbered: list[tuple[int, Measurement]]) -> Table:
    measurements = [measured for _, measured in numbered]
    conditions = [{name: _words(value) for name, value in asdict(found.conditions).items()} for found in measurements]
    columns = tuple(name for name in conditions[0] if len({row[name] for row in conditions}) > 1)
    common = ", ".join(
        f"{_title(name)} {value}" for name, value in conditions[0].items() if name not in columns and value
    )
    rows = tuple(
        Row(number, tuple(row[name] for name in columns), measured)
        for row, (number, measured) in zip(conditions, numbered, strict=True)
    )
    return Table(TITLES[name], measurements[0].unit, common, tuple(map(_title, columns)), rows)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return NO_NUMBER if finite(value) is None else f"{value:,.2f}".rstrip("0").rstrip(".")
