"""The latencies of each mode in the sweeps to be compared, above the same control."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import mean

from clusters.errors import UsageError
from harness.performance.comparison.break_even import ModeCost
from harness.performance.comparison.run_scatter import pooled, run_scatter
from harness.performance.conclusions.swept import LAST, swept_steps
from harness.statistics.line import FEWEST_STEPS
from reports.model import Measurement, MeasurementName, RunResults

CLOCKS = ("kernel", "wall")


def mode_costs(runs: Sequence[RunResults]) -> tuple[ModeCost, ...]:
    """Return the latencies of each mode, in alphabetical order.

    If every run has a control, they are what a first packet and a request on a persistent connection take above it,
    plus the mean of all runs' controls: the control traverses no rule, so it is the same in every mode. Raises
    `UsageError` if a run lacks the measurements.
    """
    controls = {clock: _mean_control_us(runs, clock) for clock in CLOCKS}
    costs = [_mode_cost(results, controls) for results in runs]
    runs_by_mode = {mode: list(found) for mode, found in groupby(sorted(costs, key=_mode), key=_mode)}
    scatter = run_scatter(runs_by_mode)
    return tuple(pooled(found, scatter) for found in runs_by_mode.values())


def _mode(cost: ModeCost) -> str:
    return cost.mode


def has_sweep(results: RunResults) -> bool:
    """Return whether the run contains a sweep of the performance suite, and not only those of cases about claims."""
    return any(
        found.name is MeasurementName.FIRST_PACKET_AA
        or (is_persistent_request(found) and found.conditions.step is None)  # as older sweeps measured it in the end
        for found in results.measurements
    )


def sweep_measurements(results: RunResults) -> list[Measurement]:
    """Return the measurements of the performance suite's sweep; in older results, those of all sweeps."""
    cases = {found.case for found in results.measurements if found.name is MeasurementName.FIRST_PACKET_AA}
    return [found for found in results.measurements if not any(cases) or found.case in cases]


def _mean_control_us(runs: Sequence[RunResults], clock: str) -> float | None:
    """Return the mean of the controls' medians over all steps of all runs; None if a step has no control."""
    medians: list[float] = []
    for results in runs:
        steps = swept_steps(sweep_measurements(results), clock)
        controls = [step.median_us(MeasurementName.FIRST_PACKET_UNTRACKED) for step in steps]
        if not controls or None in controls:
            return None
        medians += [control.value for control in controls if control is not None]
    return mean(medians)


def _mode_cost(results: RunResults, controls: dict[str, float | None]) -> ModeCost:
    kernel_us, wall_us = controls["kernel"], controls["wall"]
    measured = sweep_measurements(results)
    if kernel_us is None or wall_us is None:
        packets = tuple(map(_median, steps_of(results, MeasurementName.FIRST_PACKET)))
        requests_us = [found.quantiles["p50"] for found in measured if is_persistent_request(found) and found.concludes]
    else:
        packets = tuple(
            (step.services_traversed(LAST), cost.value + kernel_us)
            for step in swept_steps(measured)
            if (cost := step.service_cost_us(LAST)) is not None
        )
        differences = (
            step.difference_us(
                step.of(MeasurementName.PERSISTENT_REQUEST), step.of(MeasurementName.FIRST_PACKET_UNTRACKED)
            )
            for step in swept_steps(measured, "wall")
        )
        requests_us = [longer.value + wall_us for longer in differences if longer is not None]
    if len(packets) < FEWEST_STEPS or len({services for services, _ in packets}) < 2 or not requests_us:
        remedy = f"tox -e perf-{results.run.mode} measures one"
        raise UsageError(f"run {results.run.id} contains no complete sweep", remedy=remedy)
    most = max((found.conditions.services or 0 for found in steps_of(results, MeasurementName.FIRST_PACKET)), default=0)
    return ModeCost(results.run.mode, packets, mean(requests_us), measured_to=most)


def is_control(found: Measurement) -> bool:
    """Return whether it is a step's path without connection tracking, by the kernel's clock."""
    return _is(found, MeasurementName.FIRST_PACKET_UNTRACKED, "kernel", None)


def is_baseline(found: Measurement) -> bool:
    """Return whether it is a step's loopback baseline, by the kernel's clock."""
    return _is(found, MeasurementName.BASELINE, "kernel", None)


def is_persistent_request(found: Measurement) -> bool:
    """Return whether it is of requests on persistent connections."""
    return _is(found, MeasurementName.PERSISTENT_REQUEST, "wall", None)


def _is(found: Measurement, name: MeasurementName, clock: str, position: str | None) -> bool:
    here = (found.name, found.conditions.clock, found.conditions.position)
    return here == (name, clock, position) and found.conditions.experiment is None and "p50" in found.quantiles


def steps_of(results: RunResults, name: MeasurementName) -> list[Measurement]:
    """Return the measurements with this name of the last Service, one for each valid step."""
    measured = sweep_measurements(results)
    return [found for found in measured if _is(found, name, "kernel", LAST) and found.concludes]


def _median(found: Measurement) -> tuple[float, float]:
    """Return the number of Services and the median in microseconds."""
    return _number(found, "services"), found.quantiles["p50"]


def _number(found: Measurement, condition: str) -> float:
    value = getattr(found.conditions, condition)
    assert isinstance(value, int | float), f"{condition} of {found.name} is {value!r}"
    return float(value)
