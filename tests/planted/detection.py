"""What became of a planted fault, and how the report presents it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from reports.model import PLANTED, Finding


class Detection(StrEnum):
    """The worst first. Only `CAUGHT` counts: the assertion that is meant for the fault failed."""

    MISSED = "not noticed"
    BY_ACCIDENT = "noticed by accident"
    CAUGHT = "caught"


def worst(detections: Iterable[Detection]) -> Detection:
    return min(detections, key=list(Detection).index)


def finding_of(
    fault: str, detection: Detection, *, too_wide: bool, cases: Mapping[str, str], confidence: str
) -> Finding:
    """The fault as the report presents it. One that is `too_wide`, which spoils bystanders, is not caught."""
    caught = detection is Detection.CAUGHT
    word = "too wide" if caught and too_wide else str(detection)
    return Finding(
        kind=PLANTED,
        statement=f"{word.capitalize()}: {fault}.",
        numbers={
            "caught": int(caught and not too_wide),
            "by_accident": int(detection is Detection.BY_ACCIDENT),
            "too_wide": int(caught and too_wide),
            "cases": dict(cases),
        },
        confidence=confidence,
    )
