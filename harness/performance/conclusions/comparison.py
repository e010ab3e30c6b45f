"""Compare runs: from how many Services on is one mode faster than another, for a given share of new connections?"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import mean

import numpy as np

from clusters.errors import Refused, UsageError
from harness.performance.conclusions.baseline import COEFFICIENT_SPREAD
from harness.performance.conclusions.break_even import BreakEven, ModeCost, Pair
from harness.statistics.comparison import Range
from reports.model import Measurement, MeasurementName, RunResults
from reports.model.findings import SelfCheckFinding

POSITION = "end"
ALIKE = ("substrate", "kernel", "cpus", "kubernetes", "source", "nodes")
"""The fields of `RunInfo` that must be the same in all runs to compare them."""

MOST_SERVICES = 10_000_000
LONGEST_US = 1e9
"""The largest plausible values: a larger one was not measured."""

FEWEST_STEPS = 4
"""The least number of steps for a line and the scatter around it."""

RELEVANT_SHARE = 0.01
"""The smallest relative difference of a request's time that the comparison reports."""

SEED = 1
"""The seed of random draws, so that the same runs always give the same result."""


def compare(runs: Sequence[RunResults], shares: Sequence[float]) -> Iterator[str]:
    """Yield, for each two modes, a sentence that compares first packets and one for each share of new connections.

    Runs of the same mode are pooled: their steps are fitted together. So runs may be interleaved in time (A B C C B A),
    which removes a steady drift of the host from the difference of two modes.

    The order of the runs does not matter: modes are named in alphabetical order. `shares` are of requests on new
    connections. Raises `Refused` for runs of a single mode or of different hosts or substrates, for a run whose
    self-check failed, or if the host has changed between two modes, and `UsageError` for a run that lacks the
    measurements to compare or was named twice.
    """
    _require_comparable(runs)
    costs = mode_costs(sorted(runs, key=lambda results: results.run.id))
    for ours, theirs in combinations(costs, 2):
        pair = Pair(ours, theirs, np.random.default_rng(SEED))
        yield first_packet_sentence(pair)
        for share in shares:
            yield request_sentence(pair, share)


def mode_costs(runs: Sequence[RunResults]) -> tuple[ModeCost, ...]:
    """Return the latencies of each mode, in alphabetical order.

    They are baseline-corrected if every run has a loopback baseline: the correction brings all runs to the same
    baseline, the mean of theirs. Raises `UsageError` if a run lacks the measurements.
    """
    corrected = [_steps(results, MeasurementName.FIRST_PACKET_CORRECTED) for results in runs]
    if all(corrected):
        baseline_us = mean(_number(steps[0], "baseline_us") for steps in corrected)
        costs = [_at_baseline(results, steps, baseline_us) for results, steps in zip(runs, corrected, strict=True)]
    else:
        costs = [_uncorrected(results) for results in runs]
    modes = sorted({results.run.mode for results in runs})
    return tuple(_pooled([cost for cost in costs if cost.mode == mode]) for mode in modes)


def _pooled(costs: Sequence[ModeCost]) -> ModeCost:
    """Return the runs of one mode as one. Their common errors are taken to be the same error, so they do not cancel."""
    return ModeCost(
        mode=costs[0].mode,
        first_packet=tuple(step for cost in costs for step in cost.first_packet),
        kept=mean(cost.kept for cost in costs),
        common_error=mean(cost.common_error for cost in costs),
    )


def _at_baseline(results: RunResults, steps: list[Measurement], baseline_us: float) -> ModeCost:
    """Return the latencies of a mode, shifted to what they would be with a baseline of `baseline_us`.

    The coefficient's uncertainty makes the shift uncertain: an error that all steps share.
    """
    coefficient = _number(steps[0], "baseline_coefficient")
    shift_us = coefficient * (baseline_us - _number(steps[0], "baseline_us"))
    packets = tuple((services, median_us + shift_us) for services, median_us in map(_median, steps))
    return _mode_cost(results, packets, abs(COEFFICIENT_SPREAD * shift_us))


def _uncorrected(results: RunResults) -> ModeCost:
    return _mode_cost(results, tuple(map(_median, _steps(results, MeasurementName.FIRST_PACKET))), 0.0)


def _mode_cost(results: RunResults, packets: tuple[tuple[int, float], ...], common_error: float) -> ModeCost:
    requests = [found for found in results.measurements if _is_persistent_request(found)]
    if len(packets) < FEWEST_STEPS or len({services for services, _ in packets}) < 2 or not requests:
        remedy = f"tox -e perf-{results.run.mode} measures one"
        raise UsageError(f"run {results.run.id} contains no complete sweep", remedy=remedy)
    return ModeCost(results.run.mode, packets, requests[0].quantiles["p50"], common_error)


def first_packet_sentence(pair: Pair) -> str:
    """Return a sentence that compares first packets at zero Services, at the most Services, and in between."""
    ours, theirs = pair.ours.mode, pair.theirs.mode
    found = pair.break_even(1.0)
    conclusion = "these runs cannot tell at which numbers of Services it takes less"
    if found.better:
        conclusion = f"it takes less in {found.better} mode {_from(found, pair)}"
    return (
        f"In {ours} mode a first packet takes {_longer(pair.longer_us(0))} than in {theirs} mode without other "
        f"Services and {_longer(pair.longer_us(pair.most))} with {pair.most:,}; {conclusion}."
    )


def request_sentence(pair: Pair, new_share: float) -> str:
    """Return a sentence: from how many Services on a request is faster by a relevant share in one mode.

    `new_share` is the share of requests on new connections.
    """
    found = pair.break_even(new_share, RELEVANT_SHARE)
    less = f"a request takes at least {RELEVANT_SHARE:.0%} less time"
    conclusion = f"these runs cannot tell in which mode {less}"
    if found.better:
        conclusion = f"{less} in {found.better} mode {_from(found, pair)}"
    elif found.alike:
        conclusion = f"{less} in neither mode, up to {pair.most:,} Services"
    return f"With {100 * new_share:.3g}% of requests on new connections, {conclusion}."


def _longer(longer_us: Range) -> str:
    if longer_us.value < 0:
        return f"{Range(-longer_us.value, -longer_us.high, -longer_us.low)} us less"
    return f"{longer_us} us more"


def _from(found: BreakEven, pair: Pair) -> str:
    if found.services is None:
        return f"at every number of Services up to {pair.most:,}"
    value, low, high = (f"{end:,.0f}" for end in (found.services.value, found.services.low, found.services.high))
    return f"from {value} Services on (95% interval {low} to {high})"


def _require_comparable(runs: Sequence[RunResults]) -> None:
    ids = [results.run.id for results in runs]
    for twice in (run_id for run_id in ids if ids.count(run_id) > 1):
        raise UsageError(f"run {twice} was named twice")
    modes = sorted({results.run.mode for results in runs})
    if len(modes) < 2:
        raise Refused(f"all runs are of {modes[0]} mode")
    for name in ALIKE:
        values = {str(getattr(results.run, name)) for results in runs}
        if len(values) > 1:
            raise Refused(
                f"the runs differ in {name}: {' and '.join(sorted(values))}", remedy="compare runs of one host"
            )
    for results in runs:
        if any(isinstance(found, SelfCheckFinding) and not found.holds for found in results.findings):
            raise Refused(f"run {results.run.id} failed its self-check, so nothing may be concluded from it")
        _require_figures(results)
    for ours, theirs in combinations(modes, 2):
        _require_one_host(*([results for results in runs if results.run.mode == mode] for mode in (ours, theirs)))


def _require_one_host(ours: Sequence[RunResults], theirs: Sequence[RunResults]) -> None:
    """Raise `Refused` if the loopback baselines of the runs of two modes do not overlap.

    The baseline traverses no rule, so it does not depend on the mode. If the ranges of its medians do not overlap, the
    host has changed between the runs, and a difference of modes cannot be distinguished from that change.
    """
    here, there = (_baselines_us(runs) for runs in (ours, theirs))
    if here and there and (min(here) > max(there) or min(there) > max(here)):
        raise Refused(
            f"the host was not the same in all runs: the loopback baseline took {min(here):.1f} to {max(here):.1f} us "
            f"in {_ids(ours)}, {min(there):.1f} to {max(there):.1f} us in {_ids(theirs)}",
            remedy="measure the modes one right after the other",
        )


def _ids(runs: Sequence[RunResults]) -> str:
    return f"run{'s' if len(runs) > 1 else ''} {' and '.join(results.run.id for results in runs)}"


def _baselines_us(runs: Sequence[RunResults]) -> list[float]:
    """Return the median of the loopback baseline in each step of the runs, in microseconds."""
    return [found.quantiles["p50"] for results in runs for found in results.measurements if _is_baseline(found)]


def _is_baseline(found: Measurement) -> bool:
    return _is(found, MeasurementName.BASELINE, "kernel", None)


def _is_persistent_request(found: Measurement) -> bool:
    return _is(found, MeasurementName.PERSISTENT_REQUEST, "wall", None)


def _is(found: Measurement, name: MeasurementName, clock: str, position: str | None) -> bool:
    here = (found.name, found.conditions.clock, found.conditions.position)
    return here == (name, clock, position) and found.conditions.experiment is None and "p50" in found.quantiles


def _steps(results: RunResults, name: MeasurementName) -> list[Measurement]:
    return [found for found in results.measurements if _is(found, name, "kernel", POSITION) and found.concludes]


def _require_figures(results: RunResults) -> None:
    """Raise `UsageError` if a figure to be compared is not a number or is out of range."""
    for name in (MeasurementName.FIRST_PACKET, MeasurementName.FIRST_PACKET_CORRECTED):
        for found in _steps(results, name):
            _require_figure(results, found, "p50", found.quantiles["p50"], -LONGEST_US, LONGEST_US)
            _require_figure(results, found, "services", found.conditions.services, 0, MOST_SERVICES)
    for found in _steps(results, MeasurementName.FIRST_PACKET_CORRECTED):
        for condition in ("baseline_us", "baseline_coefficient"):
            value = getattr(found.conditions, condition)
            _require_figure(results, found, condition, value, -LONGEST_US, LONGEST_US)
    for found in results.measurements:
        if _is_persistent_request(found) or _is_baseline(found):
            _require_figure(results, found, "p50", found.quantiles["p50"], 0, LONGEST_US)


def _require_figure(
    results: RunResults, found: Measurement, name: str, value: object, lowest: float, highest: float
) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not lowest <= value <= highest:
        raise UsageError(
            f"run {results.run.id} cannot be compared: {name} of {found.name} is {reprlib.repr(value)}, "
            f"but a number from {lowest:,.0f} to {highest:,.0f} was expected"
        )


def _median(found: Measurement) -> tuple[int, float]:
    """Return the number of Services and the median in microseconds."""
    return int(_number(found, "services")), found.quantiles["p50"]


def _number(found: Measurement, condition: str) -> float:
    value = getattr(found.conditions, condition)
    assert isinstance(value, int | float), f"{condition} of {found.name} is {value!r}"
    return float(value)
