"""The quantiles of a measurement, computed from what it stores: its time slices, or its samples of changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from harness.statistics.comparison import Range
from harness.statistics.histogram import BlockCounts, block_counts, encode
from harness.statistics.quantiles import clustered_interval, quantile_interval
from reports.model import Measurement
from reports.model.quantiles import QUANTILES

US_PER_MS = 1000.0


def with_quantiles(measured: Measurement) -> Measurement:
    """Return the measurement with its quantiles and their intervals; those that its samples cannot carry are left out.

    Time slices are strata of the time measured, batches of changes are clusters (`harness.statistics.quantiles`).
    """
    found = dict(_quantiles(measured))
    return replace(
        measured,
        quantiles={label: one.value for label, one in found.items()},
        ci95={label: (one.low, one.high) for label, one in found.items()},
    )


def median_of(measured: Measurement) -> Range | None:
    """Return the median with its interval; None if it has too few samples."""
    if "p50" not in measured.quantiles:
        return None
    return Range(measured.quantiles["p50"], *measured.ci95["p50"])


def slice_counts(measured: Measurement) -> BlockCounts:
    """Return the number of occurrences of each latency in each time slice."""
    return block_counts([found.histogram for found in measured.time_slices])


def _quantiles(measured: Measurement) -> list[tuple[str, Range]]:
    if measured.samples:
        batches = _batch_counts(measured)
        found = {label: clustered_interval(batches, q) for label, q in QUANTILES.items()}
        return [(label, one.times(1 / US_PER_MS)) for label, one in found.items() if one is not None]
    if not measured.time_slices:
        return []
    slices = slice_counts(measured)
    found = {label: quantile_interval(slices, q) for label, q in QUANTILES.items()}
    return [(label, one) for label, one in found.items() if one is not None]


def _batch_counts(measured: Measurement) -> BlockCounts:
    """Return the number of occurrences of each latency in microseconds in each batch of changes that took effect."""
    seen = sorted((one.batch, one.latency_ms) for one in measured.samples if one.latency_ms is not None)
    counted = [(batch, latency_ms) for batch, latency_ms in seen if latency_ms >= 0]
    batches = groupby(counted, key=lambda one: one[0])
    return block_counts([encode(round(latency_ms * US_PER_MS) for _, latency_ms in found) for _, found in batches])
