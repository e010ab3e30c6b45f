"""What a sweep shows of growth, as a finding that says no more than its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.performance.baseline import baseline_corrected_slope, has_baseline
from harness.performance.sweep.step import Step
from harness.statistics.slope import Slope
from reports.model import Finding

POSITION = "end"
PER = 1000.0
NOTICEABLE = 0.2
"""Of the first packet at zero Services: who could not have seen that much growth cannot say that there is none."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The first packet's growth per 1,000 Services, up to `most`, at the end of the chain, by the kernel's clock.

    `at_zero_us` is the first packet without Services. If it is `baseline_corrected`, what moved with the generator's floor is
    taken away.
    """

    slope: Slope
    at_zero_us: float
    most: int
    steps: int
    baseline_corrected: bool

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
        if self.baseline_corrected:
            method += "; less what moved with the generator's floor in the same moments"
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


def growth(steps: Sequence[Step]) -> Growth:
    """The growth that a sweep shows; of at least three `steps` some are at zero Services, and some are not."""
    slope = baseline_corrected_slope(steps, POSITION, PER)
    at_zero_us = median(median(step.block_p50_us[POSITION]) for step in steps if step.services == 0)
    return Growth(slope, at_zero_us, max(step.services for step in steps), len(steps), has_baseline(steps, POSITION))
