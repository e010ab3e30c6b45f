"""Convert load results to measurements for the report and to counts for statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from harness.load.plan import Block, LoadResult, TargetBlocks
from harness.statistics.histogram import merge
from harness.statistics.stored import with_quantiles
from reports.model import Conditions, Measurement, MeasurementName, TimeSlice
from reports.model.histogram import recorded

CLOCKS = ("kernel", "wall", "corrected")
ANSWERED = "answered"
OWN_CLOCKS = ("wall", "corrected")
"""The clocks that include the generator's own delays."""


MOST_SLICES = 75
"""The largest number of time slices in which a measurement's samples are stored, the same for all targets of a load.

A load of up to 75 s, as in a step of a sweep, has one for each block of a second. What a host does for a second makes
intervals too wide if a slice is longer than that, because it then looks like chance (`benchmarks/coverage`). Longer
loads have longer slices, so that the results of a sweep stay below some 3 MB.
"""


def to_measurement(
    name: MeasurementName,
    blocks: TargetBlocks,
    clock: str,
    conditions: Conditions,
    result: LoadResult,
    flags: tuple[str, ...] = (),
    span: range | None = None,
) -> Measurement:
    """Return the measurement of one target by one clock: quantiles in microseconds and their 95% intervals.

    Its time slices divide the blocks whose numbers are in `span`, by default all of the load's.
    """
    if blocks.retransmitted and clock != ANSWERED:
        flags = (*flags, f"left out: {blocks.retransmitted} connections whose SYN was sent more than once")
    if blocks.errors:
        failures = ", ".join(f"{number} x {failure}" for failure, number in blocks.errors.items())
        flags = (*flags, f"failed requests: {failures}")
    if result.lost:
        flags = (*flags, f"incomplete: the generator lost {result.lost} of its workers")
    slices = tuple(time_slices(blocks, clock, span or _span((*blocks.blocks, *result.all_blocks)), result.block_s))
    if not slices:
        flags = (*flags, "no samples")
    else:
        flags = (*flags, *(result.flags if clock in OWN_CLOCKS else result.kernel_flags))
    histogram = merge(found.histogram for found in slices) if slices else ""
    measured = Measurement(
        name=name,
        unit="us",
        conditions=conditions,
        n=sum(recorded(histogram).values()) if slices else 0,
        errors=sum(blocks.errors.values()),
        quantiles={},
        ci95={},
        histogram=histogram,
        time_slices=slices,
        flags=flags,
    )
    return with_quantiles(measured)


def start_lateness(conditions: Conditions, result: LoadResult) -> Measurement:
    """Return how much later than intended the load's requests started, as one time slice."""
    slices = (TimeSlice(0.0, conditions.duration_s or 0.0, result.lateness),) if result.lateness else ()
    flags = result.flags if slices else (*result.flags, "no samples")
    measured = Measurement(
        name=MeasurementName.START_LATENESS,
        unit="us",
        conditions=replace(conditions, target=None, endpoint=None, clock="wall"),
        n=sum(recorded(result.lateness).values()) if slices else 0,
        errors=0,  # what never started is in the flags
        quantiles={},
        ci95={},
        histogram=result.lateness,
        time_slices=slices,
        flags=flags,
    )
    return with_quantiles(measured)


def _span(blocks: Sequence[Block]) -> range:
    return range(1 + max((block.number for block in blocks), default=-1))


def time_slices(blocks: TargetBlocks, clock: str, span: range, block_s: float) -> Iterator[TimeSlice]:
    """Merge the blocks of `span` into up to `MOST_SLICES` slices of about equal length; yield those with samples."""
    by_number = {block.number: getattr(block, clock) for block in blocks.blocks}
    for numbers in np.array_split(np.arange(span.start, span.stop), min(MOST_SLICES, len(span)) or 1):
        sampled = [by_number[number] for number in numbers.tolist() if by_number.get(number)]
        if sampled:
            yield TimeSlice(
                begin_s=int(numbers[0]) * block_s, duration_s=len(numbers) * block_s, histogram=merge(sampled)
            )


def in_experiment(measured: Measurement, experiment: str) -> Measurement:
    """Return the measurement as one that is not about the run's own mode."""
    return replace(measured, conditions=replace(measured.conditions, experiment=experiment))
