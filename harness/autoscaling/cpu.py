"""Is a reported CPU usage what the kernel's own counter says?

A metric is the mean over a stretch of time that is not told: two readings of a kubelet, 10 to 15 s apart, at the
time of a scrape of metrics-server, some while ago. So a reported figure is held against the lowest and the highest
mean over every stretch that it may be of. Under steady load these are close together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clusters.errors import WorldError
from harness.autoscaling.model import AutoscalerSample

OLDEST_S = 30.0
"""The end of a metric's stretch is not further back."""

SHORTEST_S, LONGEST_S = 8.0, 25.0
"""How long a metric's stretch may be, but for a container's first."""

PART, ALLOWANCE_M = 0.15, 5.0
"""What a figure may be off: a part of it, and millicores besides. A metric is told in whole seconds and millicores."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The CPU time that a container had used at a time, both in seconds; the time by the clock of the looks."""

    at_s: float
    used_s: float


@dataclass(frozen=True, slots=True)
class CpuComparison:
    """An autoscaler's figure and the limits that the counters set, in millicores a pod."""

    reported_m: int
    lowest_m: float
    highest_m: float

    @property
    def agrees(self) -> bool:
        return self._within(self.reported_m)

    @property
    def decisive(self) -> bool:
        """Twice the truth, or half of it, would not agree, whichever of the means is the truth."""
        return not self._within(2 * self.lowest_m) and not self._within(self.highest_m / 2)

    def _within(self, figure_m: float) -> bool:
        return self.lowest_m * (1 - PART) - ALLOWANCE_M <= figure_m <= self.highest_m * (1 + PART) + ALLOWANCE_M

    def __str__(self) -> str:
        doubt = "" if self.decisive else " (too far apart to rule out a factor of 2)"
        limits = f"{self.lowest_m:.0f}m to {self.highest_m:.0f}m"
        return f"{self.reported_m}m reported, {limits} by the kernel's counters{doubt}"


def compare_cpu(sample: AutoscalerSample, readings: Mapping[str, Sequence[Reading]], since_s: float) -> CpuComparison:
    """The look's average beside what its pods have used, if all their metrics are of the time after `since_s`.

    Whatever pods the autoscaler averaged over, the result lies between the least and the most busy of them. The
    caller sees to `since_s`: the first metric of a container may be of less than a second, and so of anything.
    Raises `WorldError` without a figure, and without readings of any stretch that it may be of.
    """
    means = [mean for pod in sample.pods for mean in _means_m(readings.get(pod.name, ()), since_s, sample.at_s)]
    if sample.average_m is None or not means:
        raise WorldError(f"no reading of a pod's CPU goes with this: {sample}")
    return CpuComparison(sample.average_m, min(means), max(means))


def _means_m(readings: Sequence[Reading], since_s: float, at_s: float) -> list[float]:
    """Over every stretch that a metric may be of."""
    return [
        (last.used_s - first.used_s) / (last.at_s - first.at_s) * 1000
        for last in readings
        if at_s - OLDEST_S <= last.at_s <= at_s
        for first in readings
        if first.at_s >= since_s and SHORTEST_S <= last.at_s - first.at_s <= LONGEST_S
    ]
