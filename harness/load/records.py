"""Convert load results to measurements for the report and to counts for statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.load.plan import LoadResult, TargetBlocks
from harness.statistics.histogram import BlockCounts, block_counts, merge
from harness.statistics.quantile_interval import quantile, quantile_interval
from reports.model import Conditions, Measurement, MeasurementName, TimeSlice

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
CLOCKS = ("kernel", "wall", "corrected")
OWN_CLOCKS = ("wall", "corrected")
"""The clocks that include the generator's own delays."""


MOST_SLICES = 10
"""The number of time slices in which a measurement's samples are stored. All targets of a load have the same slices."""


def to_measurement(
    name: MeasurementName,
    blocks: TargetBlocks,
    clock: str,
    conditions: Conditions,
    result: LoadResult,
    flags: tuple[str, ...],
    generator: np.random.Generator,
) -> Measurement:
    """Return the measurement of one target by one clock: quantiles in microseconds and their 95% intervals."""
    encoded = blocks.histograms(clock)
    counts = block_counts(encoded)
    if blocks.retransmitted:
        flags = (*flags, f"left out: {blocks.retransmitted} connections whose SYN was sent more than once")
    if blocks.errors:
        failures = ", ".join(f"{number} x {failure}" for failure, number in blocks.errors.items())
        flags = (*flags, f"failed requests: {failures}")
    if result.lost:
        flags = (*flags, f"incomplete: the generator lost {result.lost} of its workers")
    errors = sum(blocks.errors.values())
    if not counts.n:
        return Measurement(
            name=name,
            unit="us",
            conditions=conditions,
            n=0,
            errors=errors,
            quantiles={},
            ci95={},
            flags=(*flags, "no samples"),
        )
    return Measurement(
        name=name,
        unit="us",
        conditions=conditions,
        n=counts.n,
        errors=errors,
        quantiles={label: quantile(counts, q) for label, q in QUANTILES.items()},
        ci95={label: quantile_interval(counts, q, generator) for label, q in QUANTILES.items()},
        histogram=merge(encoded),
        time_slices=tuple(time_slices(blocks, clock, result)),
        flags=(*flags, *result.flags) if clock in OWN_CLOCKS else flags,
    )


def time_slices(blocks: TargetBlocks, clock: str, result: LoadResult) -> Iterator[TimeSlice]:
    """Merge the load's blocks into up to `MOST_SLICES` slices of about equal length; yield those with samples."""
    total = 1 + max(block.number for block in (*blocks.blocks, *result.all_blocks))
    by_number = {block.number: getattr(block, clock) for block in blocks.blocks}
    for numbers in np.array_split(np.arange(total), min(MOST_SLICES, total)):
        sampled = [by_number[number] for number in numbers.tolist() if by_number.get(number)]
        if sampled:
            yield TimeSlice(
                begin_s=int(numbers[0]) * result.block_s,
                duration_s=len(numbers) * result.block_s,
                histogram=merge(sampled),
            )


def in_experiment(measured: Measurement, experiment: str) -> Measurement:
    """Return the measurement as one that is not about the run's own mode."""
    return replace(measured, conditions=replace(measured.conditions, experiment=experiment))


def block_medians_us(blocks: TargetBlocks, clock: str) -> dict[int, float]:
    """Return the median of each block in which that clock has samples, by block number, in microseconds."""
    sampled = [block for block in blocks.blocks if getattr(block, clock)]
    counts = block_counts([getattr(block, clock) for block in sampled])
    return {
        block.number: quantile(BlockCounts(counts.values_us, row[None, :]), 0.5)
        for block, row in zip(sampled, counts.counts, strict=True)
    }


def paired_counts(ours: TargetBlocks, theirs: TargetBlocks, clock: str) -> tuple[BlockCounts, BlockCounts]:
    """Return the counts of both targets in the blocks in which that clock has samples of both."""
    by_number = [{block.number: getattr(block, clock) for block in one.blocks} for one in (ours, theirs)]
    both = [number for number, text in sorted(by_number[0].items()) if text and by_number[1].get(number)]
    ours_, theirs_ = (block_counts([texts[number] for number in both]) for texts in by_number)
    return ours_, theirs_
