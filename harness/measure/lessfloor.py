"""The first packet as if the generator's floor had always been what it was at zero Services.

The floor meets no rule, and what makes one moment slower than another, on a host that does other things as well, makes
it slower too, in about the same proportion: a first packet that takes twice as long as the floor at zero Services loses
about two microseconds for each by which the floor is longer (a control variate, Owen 2013, "Monte Carlo theory, methods
and examples", 8.9). Block by block that is taken away; how much more or less it is than in proportion, steps whose
floors differ tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from harness.load.step import Step
from harness.measure.intervals import median_interval
from harness.measure.slope import Slope, slope_beside, slope_of_steps
from reports.model import Measurement

PROPORTION_SPREAD = 0.2
"""A standard deviation, of how far from proportion first packets have followed the floor in sweeps of this project: by
0.8 to 1.2 times as much where the host's moods told."""

ENOUGH_STEPS = 6
"""For them to tell that; of fewer it is taken to be in proportion."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor at zero Services, and how many microseconds of a first packet to one position go with one of it."""

    us: float
    times: float

    def taken_from(self, beside: Sequence[tuple[float, float]]) -> list[float]:
        """Each block's median, given with the floor's in the same block, as if the floor had been this one."""
        return [ours - self.times * (floor - self.us) for ours, floor in beside]


def has_floor(steps: Sequence[Step], position: str) -> bool:
    """Every step has two blocks or more of the generator's floor beside those of the position."""
    return all(len(step.beside_floor_us.get(position, ())) > 1 for step in steps)


def slope_less_floor(steps: Sequence[Step], position: str, per: float = 1.0) -> Slope:
    """Microseconds for each `per` Services; as it is where there is no floor. Of three steps or more some are at zero.

    Steps are counted and not their blocks: blocks of one step share whatever else moved the host meanwhile, and know
    nothing of it, while steps lie farther from the line for it.
    """
    if has_floor(steps, position):
        return _fitted(steps, position, per)[0]
    medians_us = [median(step.block_p50_us[position]) for step in steps]
    return slope_of_steps([step.services / per for step in steps], medians_us)


def _fitted(steps: Sequence[Step], position: str, per: float) -> tuple[Slope, Floor]:
    """The slope, and the floor by which it came about."""
    at_zero = [block for step in steps if step.services == 0 for block in step.beside_floor_us[position]]
    in_proportion = Floor(median(floor for _, floor in at_zero), median(ours / floor for ours, floor in at_zero))
    medians_us = [median(in_proportion.taken_from(step.beside_floor_us[position])) for step in steps]
    floors_us = [median(floor for _, floor in step.beside_floor_us[position]) for step in steps]
    services = [step.services / per for step in steps]
    if len(steps) < ENOUGH_STEPS:
        return slope_of_steps(services, medians_us), in_proportion
    slope, more = slope_beside(services, medians_us, floors_us, PROPORTION_SPREAD * in_proportion.times)
    return slope, replace(in_proportion, times=in_proportion.times + more)


def less_floor(steps: Sequence[Step]) -> Iterator[Measurement]:
    """The median of each position in each step, with its interval and the conditions of what was measured there.

    It is one of blocks, whose number is `n`, and has no histogram. Nothing of positions without a floor.
    """
    for position in steps[0].block_p50_us:
        if has_floor(steps, position):
            _, floor = _fitted(steps, position, 1.0)
            yield from (_of_step(step, position, floor) for step in steps)


def _of_step(step: Step, position: str, floor: Floor) -> Measurement:
    blocks_us = floor.taken_from(step.beside_floor_us[position])
    measured = next(found for found in step.measurements if _is_of(found, position))
    return Measurement(
        name="first_packet_less_floor",
        unit="us",
        conditions={**measured.conditions, "floor_us": round(floor.us, 2), "times_floor": round(floor.times, 2)},
        n=len(blocks_us),
        errors=0,
        quantiles={"p50": median(blocks_us)},
        ci95={"p50": median_interval(blocks_us)},
        histogram="",
    )


def _is_of(found: Measurement, position: str) -> bool:
    conditions = found.conditions
    return "twin" not in found.name and (conditions.get("position"), conditions.get("clock")) == (position, "kernel")
