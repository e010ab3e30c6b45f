"""What a sweep shows of growth, as a finding that says no more than its data."""

from __future__ import annotations

from collections.abc import Sequence

from harness.load.sweep import Step
from harness.measure.slope import robust_slope
from reports.model import Finding

POSITION = "end"
PER = 1000.0


def growth(steps: Sequence[Step], mode: str) -> Finding:
    """The first packet's growth per 1,000 Services at the end of the chain, by the kernel's clock."""
    points = [(step.services, median) for step in steps for median in step.block_p50_us[POSITION]]
    slope = robust_slope([services / PER for services, _ in points], [median for _, median in points])
    numbers = {
        "per_1000_services_us": round(slope.per_unit, 3),
        "low_us": round(slope.low, 3),
        "high_us": round(slope.high, 3),
        "at_zero_us": round(slope.at_zero, 3),
        "blocks": len(points),
    }
    interval = f"{slope.per_unit:.1f} us per 1,000 Services (95% interval {slope.low:.1f} to {slope.high:.1f})"
    statement = (
        f"In {mode} mode the first packet of a new connection to the last Service takes longer by {interval}."
        if slope.grows
        else f"In {mode} mode no growth of the first packet was seen: {interval}."
    )
    return Finding("growth", statement, numbers, f"Theil-Sen over the medians of {len(points)} blocks of 1 s")
