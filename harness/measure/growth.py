"""What a sweep shows of growth, as a finding that says no more than its data."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from harness.load.sweep import Step
from harness.measure.slope import robust_slope
from reports.model import Finding

POSITION = "end"
PER = 1000.0
CONTROLS_UP_TO = 0.1
"""Of the largest number of Services."""


def growth(steps: Sequence[Step], mode: str) -> Finding:
    """The first packet's growth per 1,000 Services at the end of the chain, by the kernel's clock.

    Blocks of one step share whatever else moved the host meanwhile, and their interval does not know of it.
    The controls do: zero Services, measured first and last, and steps of so few that growth cannot show.
    Growth is told only where it is larger than the controls' spread, its absence only where that spread is
    smaller than the interval.
    """
    points = [(step.services, block) for step in steps for block in step.block_p50_us[POSITION]]
    slope = robust_slope([services / PER for services, _ in points], [block for _, block in points])
    most = max(step.services for step in steps)
    controls = [
        median(step.block_p50_us[POSITION]) - slope.per_unit * step.services / PER
        for step in steps
        if step.services <= most * CONTROLS_UP_TO
    ]
    spread_us = max(controls) - min(controls)
    span = most / PER
    interval = f"{slope.per_unit:.1f} us per 1,000 Services (95% interval {slope.low:.1f} to {slope.high:.1f})"
    control = f"{len(controls)} controls of {most * CONTROLS_UP_TO:.0f} Services at most spread over {spread_us:.1f} us"
    if slope.low * span > spread_us:
        statement = (
            f"In {mode} mode the first packet of a new connection to the last Service takes longer by {interval}; "
            f"{control}."
        )
    elif not slope.grows and spread_us <= (slope.high - slope.low) * span:
        hidden_us = max(slope.high, spread_us / span)
        statement = (
            f"In {mode} mode no growth of the first packet was seen: {interval}; {control}, "
            f"so growth below {hidden_us:.1f} us per 1,000 Services would not have been seen."
        )
    else:
        statement = (
            f"In {mode} mode it cannot be told whether the first packet takes longer with more Services: "
            f"{interval}, but {control}."
        )
    numbers = {
        "per_1000_services_us": round(slope.per_unit, 3),
        "low_us": round(slope.low, 3),
        "high_us": round(slope.high, 3),
        "at_zero_us": round(slope.at_zero, 3),
        "control_spread_us": round(spread_us, 3),
        "blocks": len(points),
    }
    return Finding("growth", statement, numbers, f"Theil-Sen over the medians of {len(points)} blocks of 1 s")
