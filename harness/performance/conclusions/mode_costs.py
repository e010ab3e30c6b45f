"""The latencies of each mode in the sweeps to be compared, brought to the same loopback baseline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import mean

from clusters.errors import UsageError
from harness.performance.conclusions.baseline import COEFFICIENT_SPREAD
from harness.performance.conclusions.break_even import ModeCost
from harness.performance.conclusions.run_scatter import pooled, run_scatter
from reports.model import Measurement, MeasurementName, RunResults

POSITION = "end"

FEWEST_STEPS = 4
"""The least number of steps for a line and the scatter around it."""


def mode_costs(runs: Sequence[RunResults]) -> tuple[ModeCost, ...]:
    """Return the latencies of each mode, in alphabetical order.

    They are baseline-corrected if every run has a loopback baseline: the correction brings all runs to the same
    baseline, the mean of theirs. Raises `UsageError` if a run lacks the measurements.
    """
    corrected = [steps_of(results, MeasurementName.FIRST_PACKET_CORRECTED) for results in runs]
    if all(corrected):
        baseline_us = mean(_number(steps[0], "baseline_us") for steps in corrected)
        costs = [_at_baseline(results, steps, baseline_us) for results, steps in zip(runs, corrected, strict=True)]
    else:
        costs = [_uncorrected(results) for results in runs]
    runs_by_mode = {mode: list(found) for mode, found in groupby(sorted(costs, key=_mode), key=_mode)}
    scatter = run_scatter(runs_by_mode)
    return tuple(pooled(found, scatter) for found in runs_by_mode.values())


def _mode(cost: ModeCost) -> str:
    return cost.mode


def _at_baseline(results: RunResults, steps: list[Measurement], baseline_us: float) -> ModeCost:
    """Return the latencies of a mode, shifted to what they would be with a baseline of `baseline_us`.

    The coefficient's uncertainty makes the shift uncertain: an error that all steps share.
    """
    coefficient = _number(steps[0], "baseline_coefficient")
    shift_us = coefficient * (baseline_us - _number(steps[0], "baseline_us"))
    packets = tuple((services, median_us + shift_us) for services, median_us in map(_median, steps))
    return _mode_cost(results, packets, abs(COEFFICIENT_SPREAD * shift_us))


def _uncorrected(results: RunResults) -> ModeCost:
    return _mode_cost(results, tuple(map(_median, steps_of(results, MeasurementName.FIRST_PACKET))), 0.0)


def _mode_cost(results: RunResults, packets: tuple[tuple[int, float], ...], common_error: float) -> ModeCost:
    requests = [found for found in results.measurements if is_persistent_request(found)]
    if len(packets) < FEWEST_STEPS or len({services for services, _ in packets}) < 2 or not requests:
        remedy = f"tox -e perf-{results.run.mode} measures one"
        raise UsageError(f"run {results.run.id} contains no complete sweep", remedy=remedy)
    return ModeCost(results.run.mode, packets, requests[0].quantiles["p50"], common_error)


def is_baseline(found: Measurement) -> bool:
    """Return whether it is a step's loopback baseline, by the kernel's clock."""
    return _is(found, MeasurementName.BASELINE, "kernel", None)


def is_persistent_request(found: Measurement) -> bool:
    """Return whether it is of requests on persistent connections, which a sweep measures in the end."""
    return _is(found, MeasurementName.PERSISTENT_REQUEST, "wall", None)


def _is(found: Measurement, name: MeasurementName, clock: str, position: str | None) -> bool:
    here = (found.name, found.conditions.clock, found.conditions.position)
    return here == (name, clock, position) and found.conditions.experiment is None and "p50" in found.quantiles


def steps_of(results: RunResults, name: MeasurementName) -> list[Measurement]:
    """Return the measurements with this name of the last Service, one for each valid step."""
    return [found for found in results.measurements if _is(found, name, "kernel", POSITION) and found.concludes]


def _median(found: Measurement) -> tuple[int, float]:
    """Return the number of Services and the median in microseconds."""
    return int(_number(found, "services")), found.quantiles["p50"]


def _number(found: Measurement, condition: str) -> float:
    value = getattr(found.conditions, condition)
    assert isinstance(value, int | float), f"{condition} of {found.name} is {value!r}"
    return float(value)
