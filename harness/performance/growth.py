"""Growth of the first packet with the number of Services, and the conclusion that a sweep's data allow."""

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
"""The total growth, as a share of the first packet at zero Services, that a sweep must be able to detect.

A sweep that could have missed so much growth cannot conclude that there is none.
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """The growth of the first packet per 1,000 Services, up to `most` Services, by the kernel's clock.

    It is measured at the end of the chain. `at_zero_us` is the median at zero Services. If `baseline_corrected`, drift
    that also shows in the loopback baseline is subtracted.
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
        """No growth was detected, and noticeable growth would have been."""
        return self.slope.low <= 0 <= self.slope.high and self.slope.high * self._span < NOTICEABLE * self.at_zero_us

    @property
    def figures(self) -> str:
        """The slope with its interval, as text."""
        slope = self.slope
        return (
            f"{slope.per_unit:.1f} us per 1,000 Services "
            f"(95% interval {slope.low:.1f} to {slope.high:.1f}, from {self.steps} steps)"
        )

    def finding(self, mode: str) -> Finding:
        """Return the growth as a finding of the report."""
        numbers = {
            "per_1000_services_us": round(self.slope.per_unit, 3),
            "low_us": round(self.slope.low, 3),
            "high_us": round(self.slope.high, 3),
            "at_zero_us": round(self.at_zero_us, 3),
            "steps": self.steps,
        }
        method = "least squares through the median of each step, with Student's t interval"
        if self.baseline_corrected:
            method += "; corrected for drift of the loopback baseline, measured at the same time"
        return Finding("growth", f"In {mode} mode {self._statement}", numbers, method)

    @property
    def _statement(self) -> str:
        if self.seen:
            return f"the first packet of a new connection to the last Service takes longer by {self.figures}."
        if self.absent:
            return (
                f"no growth of the first packet was detected: {self.figures}. "
                f"Growth below {self.slope.high:.1f} us per 1,000 Services could not have been detected."
            )
        return f"the data do not show whether the first packet takes longer with more Services: {self.figures}."

    @property
    def _span(self) -> float:
        return self.most / PER


def growth(steps: Sequence[Step]) -> Growth:
    """Return the growth that a sweep shows.

    Requires at least three `steps`, some at zero Services and some at more.
    """
    slope = baseline_corrected_slope(steps, POSITION, PER)
    at_zero_us = median(median(step.latencies.block_p50_us[POSITION]) for step in steps if step.services == 0)
    return Growth(slope, at_zero_us, max(step.services for step in steps), len(steps), has_baseline(steps, POSITION))
