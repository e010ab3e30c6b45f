"""Whether a planted fault was detected, and how the report presents it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reports.model.findings import Detection, PlantedFaultFinding

__all__ = ["Detection", "finding_of", "worst"]


def worst(detections: Iterable[Detection]) -> Detection:
    """Return the worst of the detections."""
    return min(detections, key=list(Detection).index)


def finding_of(
    fault: str, detection: Detection, *, too_wide: bool, cases: Mapping[str, str], details: str
) -> PlantedFaultFinding:
    """Return the fault as the report presents it.

    A fault that is `too_wide`, which means that bystanders failed, does not count as caught.
    """
    shown = Detection.TOO_WIDE if detection is Detection.CAUGHT and too_wide else detection
    return PlantedFaultFinding(fault=fault, detection=shown, cases=dict(cases), details=details)
