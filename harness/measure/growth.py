"""What a sweep shows of growth, as a finding that says no more than its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.load.step import Step
from harness.measure.slope import Slope, slope_of_steps
from reports.model import Finding

POSITION = "end"
PER = 1000.0
NOTICEABLE = 0.2
"""Of the first packet at zero Services: who could not have seen that much growth cannot say that there is none."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The first packet's growth per 1,000 Services, up to `most`, at the end of the chain, by the kernel's clock.

    `at_zero_us` is the first packet without Services. If the growth is `controlled`, medians are counted from those
    of a control at zero Services in the same moments.
    """

    slope: Slope
    at_zero_us: float
    most: int
    steps: int
    controlled: bool

    @property
    def seen(self) -> bool:
        return self.slope.grows

    @property
    def absent(self) -> bool:
        """None was seen, and a noticeable one would have been."""
        return self.slope.low <= 0 <= self.slope.high and self.slope.high * self._span < NOTICEABLE * self.at_zero_us

    @property
    def figures(self) -> str:
        """The slope with its interval, in words."""
        slope = self.slope
        return (
            f"{slope.per_unit:.1f} us per 1,000 Services "
            f"(95% interval {slope.low:.1f} to {slope.high:.1f}, by {self.steps} steps)"
        )

    def finding(self, mode: str) -> Finding:
        """The growth as a record of the report."""
        numbers = {
            "per_1000_services_us": round(self.slope.per_unit, 3),
            "low_us": round(self.slope.low, 3),
            "high_us": round(self.slope.high, 3),
            "at_zero_us": round(self.at_zero_us, 3),
            "steps": self.steps,
        }
        method = "least squares through the median of each step, with Student's interval"
        if self.controlled:
            method += "; less those of a control at zero Services in the same moments"
        return Finding("growth", f"In {mode} mode {self._statement}", numbers, method)

    @property
    def _statement(self) -> str:
        if self.seen:
            return f"the first packet of a new connection to the last Service takes longer by {self.figures}."
        if self.absent:
            return (
                f"no growth of the first packet was seen: {self.figures}, "
                f"so growth below {self.slope.high:.1f} us per 1,000 Services would not have been seen."
            )
        return f"it cannot be told whether the first packet takes longer with more Services: {self.figures}."

    @property
    def _span(self) -> float:
        return self.most / PER


def is_controlled(steps: Sequence[Step], position: str) -> bool:
    """Every step has blocks of a control beside those of the position."""
    return all(step.above_control_us.get(position) for step in steps)


def blocks_us(steps: Sequence[Step], position: str) -> list[tuple[float, ...]]:
    """The medians of each step's blocks, less the control's if every step has one."""
    if is_controlled(steps, position):
        return [step.above_control_us[position] for step in steps]
    return [step.block_p50_us[position] for step in steps]


def growth(steps: Sequence[Step]) -> Growth:
    """The growth that a sweep shows; of at least three `steps` some are at zero Services, and some are not.

    Steps are counted and not their blocks: blocks of one step share whatever else moved the host meanwhile, and know
    nothing of it, while steps lie farther from the line for it.
    """
    services = [step.services for step in steps]
    medians_us = [median(told) for told in blocks_us(steps, POSITION)]
    slope = slope_of_steps([number / PER for number in services], medians_us)
    at_zero_us = median(median(step.block_p50_us[POSITION]) for step in steps if step.services == 0)
    return Growth(slope, at_zero_us, max(services), len(steps), is_controlled(steps, POSITION))
