"""The latencies of each mode in the sweeps to be compared, above the same control."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import mean

from clusters.errors import UsageError
from harness.performance.conclusions.break_even import ModeCost
from harness.performance.conclusions.run_scatter import pooled, run_scatter
from harness.statistics.line import FEWEST_STEPS
from reports.model import Measurement, MeasurementName, RunResults

POSITION = "end"


def mode_costs(runs: Sequence[RunResults]) -> tuple[ModeCost, ...]:
    """Return the latencies of each mode, in alphabetical order.

    If every run has a control, they are the cost of the last Service above it, plus the mean of all runs' controls: the
    control traverses no rule, so it is the same in every mode. Raises `UsageError` if a run lacks the measurements.
    """
    control_us = _mean_control_us(runs)
    costs = [_mode_cost(results, control_us) for results in runs]
    runs_by_mode = {mode: list(found) for mode, found in groupby(sorted(costs, key=_mode), key=_mode)}
    scatter = run_scatter(runs_by_mode)
    return tuple(pooled(found, scatter) for found in runs_by_mode.values())


def _mode(cost: ModeCost) -> str:
    return cost.mode


def _mean_control_us(runs: Sequence[RunResults]) -> float | None:
    """Return the mean of the controls' medians over all steps of all runs; None if a run has no control."""
    controls = [[found.quantiles["p50"] for found in results.measurements if is_control(found)] for results in runs]
    costs = (steps_of(results, MeasurementName.SERVICE_COST) for results in runs)
    return mean(us for of_run in controls for us in of_run) if all(controls) and all(costs) else None


def _mode_cost(results: RunResults, control_us: float | None) -> ModeCost:
    name = MeasurementName.FIRST_PACKET if control_us is None else MeasurementName.SERVICE_COST
    packets = tuple((services, us + (control_us or 0.0)) for services, us in map(_median, steps_of(results, name)))
    requests = [found for found in results.measurements if is_persistent_request(found)]
    if len(packets) < FEWEST_STEPS or len({services for services, _ in packets}) < 2 or not requests:
        remedy = f"tox -e perf-{results.run.mode} measures one"
        raise UsageError(f"run {results.run.id} contains no complete sweep", remedy=remedy)
    return ModeCost(results.run.mode, packets, requests[0].quantiles["p50"])


def is_control(found: Measurement) -> bool:
    """Return whether it is a step's path without connection tracking, by the kernel's clock."""
    return _is(found, MeasurementName.FIRST_PACKET_UNTRACKED, "kernel", None)


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
