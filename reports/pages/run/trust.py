"""Whether the measurements of a run can be trusted, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from reports.model import MeasurementName, RunResults
from reports.model.findings import SelfCheckFinding
from reports.writers.sentences import sentence


@dataclass(frozen=True, slots=True)
class Trust:
    """`holds` is None if the run has measurements that nothing has checked."""

    holds: bool | None
    badge: str
    reason: str


def trust(results: RunResults) -> Trust | None:
    """Return what the self-checks of a run say; None if it has no measurements of first packets."""
    checks = [found for found in results.findings if isinstance(found, SelfCheckFinding)]
    if not checks:
        measured = any(found.name is MeasurementName.FIRST_PACKET for found in results.measurements)
        reason = "Measured in short steps, to decide claims. The performance suite measures longer and checks itself."
        return Trust(None, "no self-check", reason) if measured else None
    reason = " ".join(sentence(found).statement for found in checks)
    holds = all(found.holds for found in checks)
    return Trust(holds, "self-checks passed" if holds else "self-check failed", reason)
