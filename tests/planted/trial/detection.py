"""Whether a planted fault was detected, and how the report presents it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from reports.model import PLANTED, Finding


class Detection(StrEnum):
    """Whether a fault was detected, worst first. Only `CAUGHT` counts: an assertion that is meant for the fault failed."""

    MISSED = "not noticed"
    BY_ACCIDENT = "noticed by accident"
    CAUGHT = "caught"


def worst(detections: Iterable[Detection]) -> Detection:
    """Return the worst of the detections."""
    return min(detections, key=list(Detection).index)


def finding_of(
    fault: str, detection: Detection, *, too_wide: bool, cases: Mapping[str, str], confidence: str
) -> Finding:
    """Return the fault as the report presents it.

    A fault that is `too_wide`, which means that bystanders failed, does not count as caught.
    """
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
