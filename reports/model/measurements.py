"""A measured distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.model.figure import Figure

IN_NO_CONCLUSION = "in no conclusion: "
"""The prefix of a flag that keeps a measurement's numbers but excludes it from conclusions; the reason follows."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A named distribution with its conditions.

    `quantiles` maps "p50", "p90", "p99", ... to values in `unit`; `ci95` maps the same names to the ends of a 95%
    interval; `histogram` is an encoded HDR histogram (V2, base64) of all samples, without corrections. `flags` holds
    objections to the number, e.g. "saturated: ...".
    """

    name: str
    unit: str
    conditions: dict[str, Any]
    n: int
    errors: int
    quantiles: dict[str, Figure]
    ci95: dict[str, tuple[Figure, Figure]]
    histogram: str
    flags: tuple[str, ...] = ()

    @property
    def concludes(self) -> bool:
        """Return True if conclusions may be drawn from it."""
        return not any(flag.startswith(IN_NO_CONCLUSION) for flag in self.flags)
