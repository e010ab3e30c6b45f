"""Two runs side by side: from how many Services on does one mode cost less than the other, for a share of new
connections?"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence

import numpy as np

from clusters.errors import Refused, UsageError
from harness.performance.baseline import STEPS_APART
from harness.performance.break_even import BreakEven, ModeCost, Pair
from harness.statistics.comparison import Range
from reports.model import SELF_CHECK, Measurement, RunResults

POSITION = "end"
ALIKE = ("substrate", "kernel", "cpus", "kubernetes", "source", "nodes")
"""What two runs must have in common to be set side by side."""

MOST_SERVICES = 10_000_000
LONGEST_US = 1e9
"""Beyond these a figure was not measured."""

FEWEST_STEPS = 4
"""For a line through them and its scatter."""

WORTH = 0.01
"""Of a request."""

SEED = 1
"""Of the draws: the same two runs always give the same answer."""


def compare(ours: RunResults, theirs: RunResults, shares: Sequence[float]) -> Iterator[str]:
    """Yield what a new connection costs in both modes, and a sentence for each share of new connections.

    The order of the runs does not matter: sentences name the modes in alphabetical order. Raises `Refused` for runs of
    different hosts or substrates, of one mode, whose own check does not hold, or between which the host has become
    another, and `UsageError` for one that has not measured what is compared.
    """
    ours, theirs = sorted((ours, theirs), key=lambda results: results.run.mode)
    _require_comparable(ours, theirs)
    pair = Pair(*mode_costs(ours, theirs), np.random.default_rng(SEED))
    yield first_packets_in_words(pair)
    for share in shares:
        yield requests_in_words(pair, share)


def mode_costs(ours: RunResults, theirs: RunResults) -> tuple[ModeCost, ModeCost]:
    """What the runs say of their modes; less the floor if both can, as if it had been the same in both.

    Raises `UsageError` if one has not measured that.
    """
    our_steps, their_steps = (_steps(results, "first_packet_less_floor") for results in (ours, theirs))
    if not our_steps or not their_steps:
        return _as_it_is(ours), _as_it_is(theirs)
    baseline_us = (_known(our_steps[0], "floor_us") + _known(their_steps[0], "floor_us")) / 2
    return _at_baseline(ours, our_steps, baseline_us), _at_baseline(theirs, their_steps, baseline_us)


def _at_baseline(results: RunResults, steps: list[Measurement], baseline_us: float) -> ModeCost:
    times = _known(steps[0], "times_floor")
    moved_us = times * (baseline_us - _known(steps[0], "floor_us"))
    packets = tuple((services, median_us + moved_us) for services, median_us in map(_median, steps))
    return _mode_cost(results, packets, abs(STEPS_APART * moved_us))


def _as_it_is(results: RunResults) -> ModeCost:
    return _mode_cost(results, tuple(map(_median, _steps(results, "first_packet"))), 0.0)


def _mode_cost(results: RunResults, packets: tuple[tuple[int, float], ...], common_error: float) -> ModeCost:
    requests = [found for found in results.measurements if _is(found, "request_kept", "wall", None)]
    if len(packets) < FEWEST_STEPS or len({services for services, _ in packets}) < 2 or not requests:
        remedy = f"tox -e perf-{results.run.mode} makes one"
        raise UsageError(f"run {results.run.id} holds no whole sweep", remedy=remedy)
    return ModeCost(results.run.mode, packets, requests[0].quantiles["p50"], common_error)


def first_packets_in_words(pair: Pair) -> str:
    """What a new connection costs, without other Services and with as many as were measured."""
    ours, theirs = pair.ours.mode, pair.theirs.mode
    found = pair.break_even(1.0)
    told = "these runs cannot tell where it takes less"
    if found.better:
        told = f"it takes less in {found.better} mode {_from(found, pair)}"
    return (
        f"In {ours} mode a first packet takes {_more(pair.longer_us(0))} than in {theirs} mode without other Services "
        f"and {_more(pair.longer_us(pair.most))} with {pair.most:,}; {told}."
    )


def requests_in_words(pair: Pair, new_share: float) -> str:
    """From where on a request costs less by what is worth a thought, with so many of them on new connections."""
    found = pair.break_even(new_share, WORTH)
    less = f"a request costs at least {WORTH:.0%} less"
    told = f"these runs cannot tell in which mode {less}"
    if found.better:
        told = f"{less} in {found.better} mode {_from(found, pair)}"
    elif found.alike:
        told = f"{less} in neither mode, up to {pair.most:,} Services"
    return f"With {100 * new_share:.3g}% of requests on new connections {told}."


def _more(longer_us: Range) -> str:
    if longer_us.value < 0:
        return f"{Range(-longer_us.value, -longer_us.high, -longer_us.low)} us less"
    return f"{longer_us} us more"


def _from(found: BreakEven, pair: Pair) -> str:
    if found.services is None:
        return f"at every number of Services up to {pair.most:,}"
    value, low, high = (f"{end:,.0f}" for end in (found.services.value, found.services.low, found.services.high))
    return f"from {value} Services on ({low} to {high})"


def _require_comparable(ours: RunResults, theirs: RunResults) -> None:
    if ours.run.mode == theirs.run.mode:
        raise Refused(f"both runs are of {ours.run.mode} mode")
    for name in ALIKE:
        here, there = getattr(ours.run, name), getattr(theirs.run, name)
        if here != there:
            raise Refused(f"the runs differ in {name}: {here} and {there}", remedy="compare runs of one host")
    for results in (ours, theirs):
        if any(found.kind == SELF_CHECK and found.numbers.get("holds") != 1 for found in results.findings):
            raise Refused(f"run {results.run.id} says of itself that nothing is to be concluded from it")
        _require_figures(results)
    _require_one_host(ours, theirs)


def _require_one_host(ours: RunResults, theirs: RunResults) -> None:
    """Raise `Refused` if the loopback baselines of the two runs do not overlap.

    The baseline traverses no rule, so it does not depend on the mode. If the ranges of its medians do not overlap, the
    host has changed between the runs, and a difference of modes cannot be distinguished from that change.
    """
    here, there = _baselines_us(ours), _baselines_us(theirs)
    if here and there and (min(here) > max(there) or min(there) > max(here)):
        raise Refused(
            f"the host was not the same in both runs: the generator's floor took {min(here):.1f} to {max(here):.1f} us "
            f"in run {ours.run.id}, {min(there):.1f} to {max(there):.1f} us in run {theirs.run.id}",
            remedy="measure both modes one right after the other",
        )


def _baselines_us(results: RunResults) -> list[float]:
    """The floor's median in each step."""
    return [found.quantiles["p50"] for found in results.measurements if _is(found, "generator_floor", "kernel", None)]


def _is(found: Measurement, name: str, clock: str, position: str | None) -> bool:
    conditions = found.conditions
    here = (found.name, conditions.get("clock"), conditions.get("position"))
    return here == (name, clock, position) and "p50" in found.quantiles


def _steps(results: RunResults, name: str) -> list[Measurement]:
    return [found for found in results.measurements if _is(found, name, "kernel", POSITION) and found.concludes]


def _require_figures(results: RunResults) -> None:
    """Raise `UsageError` for a run in which a figure to be compared is not a number, or is out of range."""
    for name in ("first_packet", "first_packet_less_floor"):
        for found in _steps(results, name):
            _require_figure(results, found, "p50", found.quantiles["p50"], -LONGEST_US, LONGEST_US)
            _require_figure(results, found, "services", found.conditions.get("services"), 0, MOST_SERVICES)
            for condition in ("floor_us", "times_floor") if name == "first_packet_less_floor" else ():
                value = found.conditions.get(condition)
                _require_figure(results, found, condition, value, -LONGEST_US, LONGEST_US)
    for found in results.measurements:
        if _is(found, "request_kept", "wall", None) or _is(found, "generator_floor", "kernel", None):
            _require_figure(results, found, "p50", found.quantiles["p50"], 0, LONGEST_US)


def _require_figure(
    results: RunResults, found: Measurement, name: str, value: object, lowest: float, highest: float
) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not lowest <= value <= highest:
        raise UsageError(
            f"run {results.run.id} cannot be compared: {name} of {found.name} is {reprlib.repr(value)}, "
            f"and a number from {lowest:,.0f} to {highest:,.0f} was expected"
        )


def _median(found: Measurement) -> tuple[int, float]:
    """The number of Services, and microseconds."""
    return int(_known(found, "services")), found.quantiles["p50"]


def _known(found: Measurement, condition: str) -> float:
    value = found.conditions[condition]
    assert isinstance(value, int | float), f"{condition} of {found.name} is {value!r}"
    return float(value)
