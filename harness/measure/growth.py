"""What a sweep shows of growth, as a finding that says no more than its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.load.step import Step
from harness.measure.slope import Slope, robust_slope
from reports.model import Finding

POSITION = "end"
PER = 1000.0
CONTROLS_UP_TO = 0.1
"""Of the largest number of Services."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The first packet's growth per 1,000 Services at the end of the chain, by the kernel's clock.

    Blocks of one step share whatever else moved the host meanwhile, and their interval does not know of it.
    The controls do: zero Services, measured first and last, and steps of so few that growth cannot show;
    `controls_us` are their medians less what the slope gives them. Growth is told only where it is larger than
    their spread, its absence only where that spread is smaller than the interval. If it is `controlled`, medians are
    counted from those of a control at zero Services in the same moments.
    """

    slope: Slope
    controls_us: tuple[float, ...]
    most: int
    blocks: int
    controlled: bool

    @property
    def seen(self) -> bool:
        return self.slope.low * self._span > self._spread_us

    @property
    def absent(self) -> bool:
        return not self.slope.grows and self._spread_us <= (self.slope.high - self.slope.low) * self._span

    @property
    def figures(self) -> str:
        """The slope with its interval, and what the controls say, in words."""
        slope = self.slope
        return (
            f"{slope.per_unit:.1f} us per 1,000 Services (95% interval {slope.low:.1f} to {slope.high:.1f}); "
            f"{len(self.controls_us)} controls of {self.most * CONTROLS_UP_TO:.0f} Services at most "
            f"spread over {self._spread_us:.1f} us"
        )

    def finding(self, mode: str) -> Finding:
        """The growth as a record of the report."""
        numbers = {
            "per_1000_services_us": round(self.slope.per_unit, 3),
            "low_us": round(self.slope.low, 3),
            "high_us": round(self.slope.high, 3),
            "at_zero_us": round(self.slope.at_zero, 3),
            "control_spread_us": round(self._spread_us, 3),
            "blocks": self.blocks,
        }
        method = f"Theil-Sen over the medians of {self.blocks} blocks of 1 s"
        if self.controlled:
            method += ", less those of a control at zero Services in the same moments"
        return Finding("growth", f"In {mode} mode {self._statement}", numbers, method)

    @property
    def _statement(self) -> str:
        if self.seen:
            return f"the first packet of a new connection to the last Service takes longer by {self.figures}."
        if self.absent:
            hidden_us = max(self.slope.high, self._spread_us / self._span)
            return (
                f"no growth of the first packet was seen: {self.figures}, "
                f"so growth below {hidden_us:.1f} us per 1,000 Services would not have been seen."
            )
        return f"it cannot be told whether the first packet takes longer with more Services: {self.figures}."

    @property
    def _span(self) -> float:
        return self.most / PER

    @property
    def _spread_us(self) -> float:
        return max(self.controls_us) - min(self.controls_us)


def is_controlled(steps: Sequence[Step], position: str) -> bool:
    """Every step has blocks of a control beside those of the position."""
    return all(step.above_control_us.get(position) for step in steps)


def blocks_us(steps: Sequence[Step], position: str) -> list[tuple[float, ...]]:
    """The medians of each step's blocks, less the control's if every step has one."""
    if is_controlled(steps, position):
        return [step.above_control_us[position] for step in steps]
    return [step.block_p50_us[position] for step in steps]


def growth(steps: Sequence[Step]) -> Growth:
    """The growth that a sweep shows; `steps` hold zero Services at least twice."""
    blocks = blocks_us(steps, POSITION)
    points = [(step.services, block) for step, told in zip(steps, blocks, strict=True) for block in told]
    slope = robust_slope([services / PER for services, _ in points], [block for _, block in points])
    most = max(step.services for step in steps)
    controls_us = tuple(
        median(told) - slope.per_unit * step.services / PER
        for step, told in zip(steps, blocks, strict=True)
        if step.services <= most * CONTROLS_UP_TO
    )
    return Growth(slope, controls_us, most, len(points), is_controlled(steps, POSITION))
