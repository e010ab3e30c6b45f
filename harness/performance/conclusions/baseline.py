"""Correct first-packet latencies for drift that also shows in the loopback baseline (a control variate).

The loopback baseline traverses no rule, so it does not depend on the number of Services. Other work on the host slows
down the baseline and the first packet alike. Subtracting the baseline's drift times a coefficient therefore removes
drift of the host from the first packet (Owen 2013, "Monte Carlo theory, methods and examples", 8.9).

The coefficient is the number of microseconds by which a first packet becomes longer when the baseline becomes longer by
one. It is estimated by least squares within the steps at zero Services, where only the host changes. Example: with a
coefficient of 2, a step whose baseline is 3 us above the baseline at zero Services is corrected by -6 us.

Between steps, first packets may follow the baseline more or less than within a step. A sweep with enough steps
therefore adjusts the coefficient while it fits the slope (`baseline_corrected_slope`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot
from statistics import median

import numpy as np
from numpy.typing import NDArray

from harness.performance.sweep.step import Step
from harness.statistics.median_interval import median_interval, parts
from harness.statistics.slope import FINEST_US, Line, slope_of_steps, slope_with_covariate
from reports.model import Measurement, MeasurementName

COEFFICIENT_SPREAD = 0.2
"""The standard deviation of the coefficient between steps, as a share of that within steps.

Taken from sweeps of this project.
"""

ENOUGH_STEPS = 6
"""The number of steps from which on the coefficient is adjusted; with fewer, the one within steps is used."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The loopback baseline at zero Services in microseconds, and the coefficient of one position."""

    us: float
    coefficient: float

    def corrected(self, blocks: Sequence[tuple[float, float]]) -> list[float]:
        """Subtract the baseline's drift times the coefficient from the median of each block.

        `blocks` are pairs of medians of the same block: the position's and the baseline's.
        """
        return [ours - self.coefficient * (baseline - self.us) for ours, baseline in blocks]


def has_baseline(steps: Sequence[Step], position: str) -> bool:
    """Return whether every step has at least two blocks with samples of both the position and the baseline."""
    return all(len(step.latencies.with_baseline_us.get(position, ())) > 1 for step in steps)


def baseline_corrected_slope(steps: Sequence[Step], position: str, per: float = 1.0) -> Line:
    """Return the line of the first packet in microseconds per `per` Services, corrected for baseline drift.

    The line is not corrected if a step has no baseline. Requires at least three steps, some of them at zero Services.

    The fit uses one median per step. Blocks of a step are not independent: what disturbs a whole step shifts all of its
    blocks alike, so their scatter does not show it, but the distances of steps from the fitted line do.
    """
    if has_baseline(steps, position):
        return _fitted(steps, position, per)[0]
    medians_us = [median(step.latencies.block_p50_us[position]) for step in steps]
    return slope_of_steps([step.services / per for step in steps], medians_us)


def _fitted(steps: Sequence[Step], position: str, per: float) -> tuple[Line, Baseline]:
    """Return the slope and the baseline with the coefficient that was used for it.

    With enough steps, the step's baseline is a second regressor. Its coefficient is the adjustment, for which the fit
    assumes a mean of 0 and a standard deviation of the two uncertainties added in quadrature: the standard error of the
    coefficient within steps, and its spread between steps.
    """
    at_zero = [step.latencies.with_baseline_us[position] for step in steps if step.services == 0]
    coefficient, error = _coefficient(at_zero)
    baseline = Baseline(median(baseline for blocks in at_zero for _, baseline in blocks), coefficient)
    medians_us = [median(baseline.corrected(step.latencies.with_baseline_us[position])) for step in steps]
    baselines_us = [median(baseline for _, baseline in step.latencies.with_baseline_us[position]) for step in steps]
    services = [step.services / per for step in steps]
    if len(steps) < ENOUGH_STEPS:
        return slope_of_steps(services, medians_us), baseline
    slope, adjustment = slope_with_covariate(
        services, medians_us, baselines_us, hypot(error, COEFFICIENT_SPREAD * coefficient)
    )
    return slope, replace(baseline, coefficient=coefficient + adjustment)


def _coefficient(of_steps: Sequence[Sequence[tuple[float, float]]]) -> tuple[float, float]:
    """Return the coefficient within these steps and its standard error.

    Each step is divided into up to ten parts, and the medians of the parts are centred on the step's mean, which
    removes differences between steps. The coefficient is the least-squares fit through the centred medians of all
    steps. Parts are used because they are long enough that the sampling error of the baseline's median is small. If the
    baseline does not vary, the coefficient is 0.
    """
    ours, baselines = (np.concatenate([_centred(blocks, column) for blocks in of_steps]) for column in (0, 1))
    variation = float(baselines @ baselines)
    freedom = len(baselines) - len(of_steps) - 1
    if variation < FINEST_US or freedom < 1:
        return 0.0, FINEST_US
    coefficient = float(ours @ baselines) / variation
    residuals = ours - coefficient * baselines
    return coefficient, float(np.sqrt(residuals @ residuals / freedom / variation))


def _centred(blocks: Sequence[tuple[float, float]], column: int) -> NDArray[np.float64]:
    """Return the medians of up to ten parts of a step, less the mean of these medians."""
    medians = np.array([float(np.median(part)) for part in parts([block[column] for block in blocks])])
    centred: NDArray[np.float64] = medians - medians.mean()
    return centred


def baseline_corrected(steps: Sequence[Step]) -> Iterator[Measurement]:
    """Yield the baseline-corrected median of each position in each step, with its interval.

    The conditions are those of the position's measurement. `n` is the number of blocks, and there is no histogram.
    Positions without a baseline are left out.
    """
    for position in steps[0].latencies.block_p50_us:
        if has_baseline(steps, position):
            _, baseline = _fitted(steps, position, 1.0)
            yield from (_of_step(step, position, baseline) for step in steps)


def _of_step(step: Step, position: str, baseline: Baseline) -> Measurement:
    blocks_us = baseline.corrected(step.latencies.with_baseline_us[position])
    measured = next(found for found in step.measurements if _is_of(found, position))
    return Measurement(
        name=MeasurementName.FIRST_PACKET_CORRECTED,
        unit="us",
        conditions=replace(measured.conditions, baseline_us=baseline.us, baseline_coefficient=baseline.coefficient),
        n=len(blocks_us),
        errors=0,
        quantiles={"p50": median(blocks_us)},
        ci95={"p50": median_interval(blocks_us)},
    )


def _is_of(found: Measurement, position: str) -> bool:
    conditions = found.conditions
    return found.name is not MeasurementName.FIRST_PACKET_AA and (conditions.position, conditions.clock) == (
        position,
        "kernel",
    )
