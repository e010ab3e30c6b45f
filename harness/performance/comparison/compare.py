"""Compare runs: from how many Services on is one mode faster than another, and do they behave alike?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, groupby
from statistics import median

import numpy as np

from clusters.errors import Refused, UsageError
from harness.performance.comparison.agreement import agreements
from harness.performance.comparison.behaviour import behaviour_differences, compared_claims, decides_claims
from harness.performance.comparison.break_even import ModeCost, Pair, fitted_line
from harness.performance.comparison.comparable import require_alike, require_comparable, require_finished
from harness.performance.comparison.mode_costs import has_sweep, is_control, mode_costs, sweep_measurements
from harness.performance.comparison.mode_pair import mode_pair
from harness.performance.comparison.programming_cost import programming_costs
from harness.performance.intervals import interval_of
from reports.model import RunResults
from reports.model.comparison import ComparedRun, ComparedStep, Comparison, ControlRange, ModeLine, SubstrateComparison
from reports.model.findings import LinePoint

SEED = 1
"""The seed of random draws, so that the same runs always give the same result."""

LINE_PARTS = 20
"""A line is stored at its ends and so many parts between them, close enough to draw its band."""


def compare(runs: Sequence[RunResults], shares: Sequence[float]) -> Comparison:
    """Compare the modes of these runs, two at a time, and then the substrates.

    Latencies are those of sweeps. Runs of the same mode are pooled: their steps are fitted together. So runs may be
    interleaved in time (A B C C B A), which removes a steady drift of the host from the difference of two modes.
    `shares` are of requests on new connections. Behaviour is that of runs that decide claims.

    The order of the runs does not matter: modes are in alphabetical order. No figure on one substrate is compared with
    a figure on another; only the order of modes is. Raises `Refused` for runs of a single mode or of different hosts,
    for a run whose self-check failed, or if the host has changed between two modes or two runs of one mode, and
    `UsageError` for a run that lacks the measurements to compare or was named twice.
    """
    runs = sorted(runs, key=lambda results: results.run.id)
    behaviour = [results for results in runs if decides_claims(results)]
    require_finished(runs)
    _require_two(runs, behaviour)
    by_substrate = {substrate: list(found) for substrate, found in _by_substrate(runs)}
    costs = {substrate: _costs(found) for substrate, found in by_substrate.items()}
    pairs = {substrate: _pairs(found) for substrate, found in costs.items()}
    claims = compared_claims(behaviour)
    return Comparison(
        runs=tuple(map(_compared_run, runs)),
        substrates=tuple(
            SubstrateComparison(
                substrate=substrate,
                modes=tuple(_mode_line(cost, found) for cost in costs[substrate]),
                pairs=tuple(mode_pair(pair, shares, LINE_PARTS) for pair in pairs[substrate]),
                programming=tuple(cost for results in found for cost in programming_costs(results)),
            )
            for substrate, found in by_substrate.items()
        ),
        agreements=tuple(agreements(pairs)),
        differences=tuple(behaviour_differences(claims)),
        claims=claims,
    )


def _require_two(runs: Sequence[RunResults], behaviour: Sequence[RunResults]) -> None:
    """Raise an error unless the runs contain two modes on one substrate, or the behaviour of one mode on two."""
    ids = [results.run.id for results in runs]
    for twice in (run_id for run_id in ids if ids.count(run_id) > 1):
        raise UsageError(f"run {twice} was named twice")
    places = sorted({(results.run.mode, results.run.substrate) for results in runs})
    behaving = {(results.run.mode, results.run.substrate) for results in behaviour}
    if _distinct(substrate for _, substrate in places) and _distinct(mode for mode, _ in behaving):
        shown = ", ".join(f"{mode} mode on substrate {substrate}" for mode, substrate in places)
        raise Refused(f"no two modes on one substrate were named: only {shown}")


def _distinct(names: Iterable[str]) -> bool:
    listed = list(names)
    return len(set(listed)) == len(listed)


def _by_substrate(runs: Sequence[RunResults]) -> Iterator[tuple[str, Iterator[RunResults]]]:
    return groupby(sorted(runs, key=lambda results: results.run.substrate), key=lambda results: results.run.substrate)


def _costs(runs: Sequence[RunResults]) -> tuple[ModeCost, ...]:
    """Return the latencies of each mode on one substrate. A run that decides claims need not contain a sweep."""
    require_alike(runs)
    swept = [results for results in runs if has_sweep(results) or not decides_claims(results)]
    require_comparable(swept)
    return mode_costs(swept) if swept else ()


def _pairs(costs: Sequence[ModeCost]) -> list[Pair]:
    return [Pair(ours, theirs, np.random.default_rng(SEED)) for ours, theirs in combinations(costs, 2)]


def _mode_line(cost: ModeCost, runs: Sequence[RunResults]) -> ModeLine:
    services = [cost.most * part / LINE_PARTS for part in range(LINE_PARTS + 1)]
    line = fitted_line(cost, np.random.default_rng(SEED), services)
    return ModeLine(
        mode=cost.mode,
        steps=tuple(ComparedStep(services=number, us=us) for number, us in cost.first_packet),
        line=tuple(LinePoint(services=number, us=interval_of(us)) for number, us in zip(services, line, strict=True)),
        control=_control([results for results in runs if results.run.mode == cost.mode]),
    )


def _control(runs: Sequence[RunResults]) -> ControlRange | None:
    medians_us = [
        found.quantiles["p50"] for results in runs for found in sweep_measurements(results) if is_control(found)
    ]
    if not medians_us:
        return None
    return ControlRange(least_us=min(medians_us), middle_us=median(medians_us), most_us=max(medians_us))


def _compared_run(results: RunResults) -> ComparedRun:
    run = results.run
    return ComparedRun(
        id=run.id,
        mode=run.mode,
        substrate=run.substrate,
        started=run.started,
        kubernetes=run.kubernetes,
        kernel=run.kernel,
        cpus=run.cpus,
        nodes=run.nodes,
        has_sweep=has_sweep(results),
        decides_claims=decides_claims(results),
    )
