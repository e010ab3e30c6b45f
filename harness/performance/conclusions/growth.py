"""Growth of the first packet with the number of Services, and the conclusion that a sweep's data allow.

What grows is the cost of the last Service: its first packet minus the first packet on the same path without connection
tracking and NAT, in the same seconds. What the host does to both is not in the difference. Without such a control, on a
cluster whose nodes are not the run's own, the first packet itself is fitted, and the host's drift from step to step
widens the interval.

Where rules are traversed, the cost is fitted to the rules that were, on both nodes, and the growth is that of a Service
whose rule is really the last one. Even the first Service pays for every other one if its endpoint is on another node,
whose whole chain its packets traverse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from clusters.errors import WorldError
from harness.performance.conclusions.swept import LAST, SweptStep
from harness.performance.intervals import interval_of
from harness.statistics.comparison import Range
from harness.statistics.line import FEWEST_STEPS, Lines, drawn_lines
from reports.model import MeasurementName
from reports.model.findings import GrowthConclusion, GrowthFinding, LinePoint

PER = 1000.0
LINE_PARTS = 20
SEED = 1
"""The seed of drawn lines: the same steps always give the same result."""

NOTICEABLE = 0.2
"""The total growth, as a share of the first packet at zero Services, that a sweep must be able to detect.

A sweep that could have missed so much growth cannot conclude that there is none.
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """The growth of the first packet per 1,000 Services, up to `most` Services, by the kernel's clock.

    `lines` are those of the last Service's cost if `above_control`, else of its first packet. `control_us` is the mean
    median of the control, 0 without one. `at_zero_us` is the first packet's median at zero Services.
    """

    lines: Lines
    control_us: float
    at_zero_us: float
    most: int
    steps: int
    above_control: bool

    @property
    def per_1000_us(self) -> Range:
        return self.lines.slope

    @property
    def seen(self) -> bool:
        return self.per_1000_us.low > 0

    @property
    def absent(self) -> bool:
        """No growth was detected, and noticeable growth would have been."""
        slope = self.per_1000_us
        return slope.low <= 0 <= slope.high and slope.high * self.most / PER < NOTICEABLE * self.at_zero_us

    @property
    def figures(self) -> str:
        """The slope with its interval, as text."""
        slope = self.per_1000_us
        return (
            f"{slope.value:.1f} us per 1,000 Services "
            f"(95% interval {slope.low:.1f} to {slope.high:.1f}, from {self.steps} steps)"
        )

    def finding(self, mode: str) -> GrowthFinding:
        """Return the growth as a finding of the report."""
        return GrowthFinding(
            mode=mode,
            conclusion=self.conclusion,
            per_1000_services_us=interval_of(self.per_1000_us),
            at_zero_us=self.at_zero_us,
            most_services=self.most,
            steps=self.steps,
            above_control=self.above_control,
            control_us=self.control_us,
            line=tuple(self._line()),
        )

    def _line(self) -> Iterator[LinePoint]:
        """Yield points of the fitted line, close enough to each other to draw its band."""
        for part in range(LINE_PARTS + 1):
            services = self.most * part / LINE_PARTS
            yield LinePoint(services=services, us=interval_of(self.lines.at(services / PER)))

    @property
    def conclusion(self) -> GrowthConclusion:
        """What may be concluded."""
        if self.seen:
            return GrowthConclusion.GROWS
        return GrowthConclusion.NO_GROWTH if self.absent else GrowthConclusion.UNKNOWN


def growth(steps: Sequence[SweptStep]) -> Growth:
    """Return the growth that a sweep shows.

    If some `steps` have a control, those without are left out. Raises `WorldError` if fewer than four are left, or none
    at zero Services.
    """
    with_control = [step for step in steps if step.service_cost_us(LAST) is not None]
    used = [step for step in with_control or steps if step.median_us(MeasurementName.FIRST_PACKET, LAST) is not None]
    if len(used) < FEWEST_STEPS or all(step.services for step in used):
        numbers = ", ".join(str(step.services) for step in used) or "no"
        raise WorldError(
            f"of the {len(steps)} valid steps of a sweep {len(used)} have a median of the last Service, at {numbers} "
            f"Services; at least {FEWEST_STEPS}, one of them at zero Services, are needed to fit a line"
        )
    packets = [step.median_us(MeasurementName.FIRST_PACKET, LAST) for step in used]
    costs = [step.service_cost_us(LAST) for step in used]
    controls = [step.median_us(MeasurementName.FIRST_PACKET_UNTRACKED) for step in used]
    fitted = costs if with_control else packets
    return Growth(
        lines=drawn_lines(
            [step.services_traversed(LAST) / PER for step in used],
            [one.value for one in fitted if one is not None],
            np.random.default_rng(SEED),
        ),
        control_us=mean(one.value for one in controls if one is not None) if with_control else 0.0,
        at_zero_us=median(us.value for step, us in zip(used, packets, strict=True) if us and step.services == 0),
        most=max(step.services for step in used),
        steps=len(used),
        above_control=bool(with_control),
    )
