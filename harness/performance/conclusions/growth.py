"""Growth of the first packet with the number of Services, and the conclusion that a sweep's data allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from harness.performance.conclusions.baseline import baseline_corrected_slope, has_baseline
from harness.performance.intervals import interval_of, slope_interval
from harness.performance.sweep.step import Step
from harness.statistics.slope import Line
from reports.model.findings import GrowthConclusion, GrowthFinding, LinePoint

POSITION = "end"
PER = 1000.0
LINE_PARTS = 20
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

    slope: Line
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

    def finding(self, mode: str) -> GrowthFinding:
        """Return the growth as a finding of the report."""
        return GrowthFinding(
            mode=mode,
            conclusion=self.conclusion,
            per_1000_services_us=slope_interval(self.slope),
            at_zero_us=self.at_zero_us,
            most_services=self.most,
            steps=self.steps,
            baseline_corrected=self.baseline_corrected,
            line=tuple(self._line()),
        )

    def _line(self) -> Iterator[LinePoint]:
        """Yield points of the fitted line, close enough to each other to draw its band."""
        for part in range(LINE_PARTS + 1):
            services = self.most * part / LINE_PARTS
            yield LinePoint(services=services, us=interval_of(self.slope.at(services / PER)))

    @property
    def conclusion(self) -> GrowthConclusion:
        """What may be concluded."""
        if self.seen:
            return GrowthConclusion.GROWS
        return GrowthConclusion.NO_GROWTH if self.absent else GrowthConclusion.UNKNOWN

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
