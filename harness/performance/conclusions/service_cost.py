"""The cost of a Service as measurements: first packets minus those of the control, in the same seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.performance.conclusions.swept import SweptStep
from harness.performance.sweep.positions import POSITIONS
from reports.model import Measurement, MeasurementName


def service_costs(steps: Sequence[SweptStep]) -> Iterator[Measurement]:
    """Yield the cost of the Service at each position of each step that has a control, with its interval."""
    for step in steps:
        for position in POSITIONS:
            measured, cost = step.of(MeasurementName.FIRST_PACKET, position), step.service_cost_us(position)
            if measured is not None and cost is not None:
                yield replace(
                    measured,
                    name=MeasurementName.SERVICE_COST,
                    quantiles={"p50": cost.value},
                    ci95={"p50": (cost.low, cost.high)},
                    histogram="",
                    time_slices=(),
                )
