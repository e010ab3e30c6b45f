"""The first packet as if the generator's floor had always been what it was at zero Services.

The floor meets no rule, and what makes one moment slower than another, on a host that does other things as well, makes
it slower too (a control variate, Owen 2013, "Monte Carlo theory, methods and examples", 8.9). By how much a first
packet follows it is seen within the steps at zero Services, where there is nothing else to find: a first packet that
takes two microseconds longer whenever the floor takes one more loses two for each by which the floor is longer. Whether
steps follow it like the parts of a step, the steps themselves tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot
from statistics import median

import numpy as np
from numpy.typing import NDArray

from harness.performance.sweep.step import Step
from harness.statistics.quantile_interval import median_interval, parts
from harness.statistics.slope import FINEST_US, Slope, slope_beside, slope_of_steps
from reports.model import Measurement

STEPS_APART = 0.2
"""By what share of what they do within a step first packets follow the floor more or less between steps: a standard
deviation, of sweeps of this project."""

ENOUGH_STEPS = 6
"""For them to tell that; fewer are taken to be like the parts of one."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The floor at zero Services, and how many microseconds of a first packet to one position go with one of it."""

    us: float
    times: float

    def taken_from(self, beside: Sequence[tuple[float, float]]) -> list[float]:
        """Each block's median, given with the floor's in the same block, as if the floor had been this one."""
        return [ours - self.times * (baseline - self.us) for ours, baseline in beside]


def has_baseline(steps: Sequence[Step], position: str) -> bool:
    """Every step has two blocks or more of the generator's floor beside those of the position."""
    return all(len(step.with_baseline_us.get(position, ())) > 1 for step in steps)


def baseline_corrected_slope(steps: Sequence[Step], position: str, per: float = 1.0) -> Slope:
    """Microseconds for each `per` Services; as it is where there is no floor. Of three steps or more some are at zero.

    Steps are counted and not their blocks: blocks of one step share whatever else moved the host meanwhile, and know
    nothing of it, while steps lie farther from the line for it.
    """
    if has_baseline(steps, position):
        return _fitted(steps, position, per)[0]
    medians_us = [median(step.block_p50_us[position]) for step in steps]
    return slope_of_steps([step.services / per for step in steps], medians_us)


def _fitted(steps: Sequence[Step], position: str, per: float) -> tuple[Slope, Baseline]:
    """The slope, and the floor by which it came about."""
    at_zero = [step.with_baseline_us[position] for step in steps if step.services == 0]
    times, error = _times(at_zero)
    baseline = Baseline(median(baseline for blocks in at_zero for _, baseline in blocks), times)
    medians_us = [median(baseline.taken_from(step.with_baseline_us[position])) for step in steps]
    baselines_us = [median(baseline for _, baseline in step.with_baseline_us[position]) for step in steps]
    services = [step.services / per for step in steps]
    if len(steps) < ENOUGH_STEPS:
        return slope_of_steps(services, medians_us), baseline
    slope, more = slope_beside(services, medians_us, baselines_us, hypot(error, STEPS_APART * times))
    return slope, replace(baseline, times=times + more)


def _times(of_steps: Sequence[Sequence[tuple[float, float]]]) -> tuple[float, float]:
    """How many microseconds of a first packet go with one of the floor within these steps, and the standard error.

    Least squares through medians of up to ten parts of each, less what the steps have on average; parts are long enough
    for the floor's own chance to be small. Of parts that do not differ: none, and none.
    """
    ours, baselines = (np.concatenate([_apart(blocks, column) for blocks in of_steps]) for column in (0, 1))
    moved = float(baselines @ baselines)
    freedom = len(baselines) - len(of_steps) - 1
    if moved < FINEST_US or freedom < 1:
        return 0.0, FINEST_US
    times = float(ours @ baselines) / moved
    rest = ours - times * baselines
    return times, float(np.sqrt(rest @ rest / freedom / moved))


def _apart(blocks: Sequence[tuple[float, float]], column: int) -> NDArray[np.float64]:
    """By how much the median of each part differs from their mean."""
    medians = np.array([float(np.median(part)) for part in parts([block[column] for block in blocks])])
    apart: NDArray[np.float64] = medians - medians.mean()
    return apart


def baseline_corrected(steps: Sequence[Step]) -> Iterator[Measurement]:
    """The median of each position in each step, with its interval and the conditions of what was measured there.

    It is one of blocks, whose number is `n`, and has no histogram. Nothing of positions without a floor.
    """
    for position in steps[0].block_p50_us:
        if has_baseline(steps, position):
            _, baseline = _fitted(steps, position, 1.0)
            yield from (_of_step(step, position, baseline) for step in steps)


def _of_step(step: Step, position: str, baseline: Baseline) -> Measurement:
    blocks_us = baseline.taken_from(step.with_baseline_us[position])
    measured = next(found for found in step.measurements if _is_of(found, position))
    return Measurement(
        name="first_packet_less_floor",
        unit="us",
        conditions={**measured.conditions, "floor_us": round(baseline.us, 2), "times_floor": round(baseline.times, 2)},
        n=len(blocks_us),
        errors=0,
        quantiles={"p50": median(blocks_us)},
        ci95={"p50": median_interval(blocks_us)},
        histogram="",
    )


def _is_of(found: Measurement, position: str) -> bool:
    conditions = found.conditions
    return "twin" not in found.name and (conditions.get("position"), conditions.get("clock")) == (position, "kernel")
