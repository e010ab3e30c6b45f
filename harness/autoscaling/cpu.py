"""Comparison of the CPU usage that an autoscaler reports with the kernel's counters.

A CPU metric is the mean over a window of time. An autoscaler's status does not report that window: it lies between two
readings of a kubelet, 10 to 15 s apart, and ended some time before metrics-server scraped the kubelet. So a reported
value is compared with the lowest and the highest mean over all windows that it may stand for. Under steady load, these
means are close together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clusters.errors import WorldError
from harness.autoscaling.model import AutoscalerSample

OLDEST_S = 30.0
"""The longest time since the end of a metric's window."""

SHORTEST_S, LONGEST_S = 8.0, 25.0
"""The shortest and the longest window of a metric, except for a container's first metric."""

SHARE, ALLOWANCE_M = 0.15, 5.0
"""The tolerated error of a value: a share of it, plus millicores. Metrics are in whole seconds and millicores."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The CPU seconds that a container had used at `at_s`, on the clock of `AutoscalerSample.at_s`."""

    at_s: float
    used_s: float


@dataclass(frozen=True, slots=True)
class CpuComparison:
    """An autoscaler's value and the lowest and highest mean from the kernel's counters, in millicores per pod."""

    reported_m: int
    lowest_m: float
    highest_m: float

    @property
    def agrees(self) -> bool:
        """Return whether the reported value lies within the limits and the tolerated error."""
        return self._within(self.reported_m)

    @property
    def decisive(self) -> bool:
        """Return whether twice or half the true value would disagree, whichever of the means is the true one."""
        return not self._within(2 * self.lowest_m) and not self._within(self.highest_m / 2)

    def _within(self, value_m: float) -> bool:
        return self.lowest_m * (1 - SHARE) - ALLOWANCE_M <= value_m <= self.highest_m * (1 + SHARE) + ALLOWANCE_M

    def __str__(self) -> str:
        caveat = "" if self.decisive else " (too far apart to rule out a factor of 2)"
        limits = f"{self.lowest_m:.0f}m to {self.highest_m:.0f}m"
        return f"{self.reported_m}m reported, {limits} by the kernel's counters{caveat}"


def compare_cpu(sample: AutoscalerSample, readings: Mapping[str, Sequence[Reading]], since_s: float) -> CpuComparison:
    """Compare the sample's average with the CPU usage of its pods in windows that begin after `since_s`.

    Whichever pods the autoscaler averaged over, its average lies between the least and the most busy of them. The
    caller must make sure that all metrics are from after `since_s`, because the window of a container's first metric
    may be shorter than a second and its value arbitrary.
    Raises `WorldError` if the sample has no average, or if there are no readings for any possible window.
    """
    means = [mean for pod in sample.pods for mean in _means_m(readings.get(pod.name, ()), since_s, sample.at_s)]
    if sample.average_m is None or not means:
        raise WorldError(f"there are no CPU readings of the pods to compare with this sample: {sample}")
    return CpuComparison(sample.average_m, min(means), max(means))


def _means_m(readings: Sequence[Reading], since_s: float, at_s: float) -> list[float]:
    """Return the mean CPU usage over every possible window, in millicores."""
    return [
        (last.used_s - first.used_s) / (last.at_s - first.at_s) * 1000
        for last in readings
        if at_s - OLDEST_S <= last.at_s <= at_s
        for first in readings
        if first.at_s >= since_s and SHORTEST_S <= last.at_s - first.at_s <= LONGEST_S
    ]
