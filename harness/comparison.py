"""Two runs side by side: from how many Services on does one mode cost less than the other, for a share of new
connections?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import stdev

import numpy as np

from clusters.errors import Refused, UsageError
from harness.measure.breakeven import BreakEven, ModeCost, break_even
from harness.measure.contrast import Range
from reports.model import SELF_CHECK, Measurement, RunResults

POSITION = "end"
ALIKE = ("substrate", "kernel", "cpus", "kubernetes", "source", "nodes")
"""What two runs must have in common to be set side by side."""

SEED = 1
"""Of the draws: the same two runs always give the same answer."""


def read_run(directory: Path) -> RunResults:
    """A run by its directory. Raises `UsageError` if none is there."""
    file = directory / "results.json"
    if not file.exists():
        raise UsageError(f"{directory} holds no results.json", remedy="name a directory below runs/")
    return RunResults.from_json(json.loads(file.read_text()))


def compare(ours: RunResults, theirs: RunResults, shares: Sequence[float]) -> Iterator[str]:
    """A sentence for each share of new connections.

    Raises `Refused` for runs of different hosts or substrates, of one mode, whose own check does not hold, or between
    which the host has become another.
    """
    _require_comparable(ours, theirs)
    costs = mode_cost(ours), mode_cost(theirs)
    for share in shares:
        yield in_words(break_even(*costs, share, np.random.default_rng(SEED)), costs[0].mode, costs[1].mode)


def mode_cost(results: RunResults) -> ModeCost:
    """What the run says of its mode. Raises `UsageError` if it has not measured that."""
    packets = [found for found in results.measurements if _is(found, "first_packet", "kernel", POSITION)]
    requests = [found for found in results.measurements if _is(found, "request_kept", "wall", None)]
    at_zero = [found.quantiles["p50"] for found in packets if found.conditions["services"] == 0]
    if len(at_zero) < 2 or not requests:
        remedy = f"tox -e perf-{results.run.mode} makes one"
        raise UsageError(f"run {results.run.id} holds no whole sweep", remedy=remedy)
    steps = tuple((int(found.conditions["services"]), _median(found)) for found in packets)
    return ModeCost(results.run.mode, steps, _median(requests[0]), stdev(at_zero))


def in_words(found: BreakEven, ours: str, theirs: str) -> str:
    share = f"{found.new_share:.0%} of requests on new connections"
    if found.better_above is None:
        return f"With {share} these runs cannot tell which of {ours} and {theirs} costs less."
    if found.services is None:
        return f"With {share} {found.better_above} costs less at every number of Services up to {found.most:,}."
    services = found.services
    return (
        f"With {share} {found.better_above} costs less from {services.value:,.0f} Services on "
        f"({services.low:,.0f} to {services.high:,.0f})."
    )


def _require_comparable(ours: RunResults, theirs: RunResults) -> None:
    if ours.run.mode == theirs.run.mode:
        raise Refused(f"both runs are of {ours.run.mode} mode")
    for name in ALIKE:
        here, there = getattr(ours.run, name), getattr(theirs.run, name)
        if here != there:
            raise Refused(f"the runs differ in {name}: {here} and {there}", remedy="compare runs of one host")
    for results in (ours, theirs):
        if any(found.kind == SELF_CHECK and not found.numbers["holds"] for found in results.findings):
            raise Refused(f"run {results.run.id} says of itself that nothing is to be concluded from it")
    _require_one_host(ours, theirs)


def _require_one_host(ours: RunResults, theirs: RunResults) -> None:
    """The generator's floor meets no rule: if no step of one run has one as in the other, it is the host that differs,
    by more than modes may."""
    here, there = _floors_us(ours), _floors_us(theirs)
    if here and there and (min(here) > max(there) or min(there) > max(here)):
        raise Refused(
            f"the host was not the same in both runs: the generator's floor took {min(here):.1f} to {max(here):.1f} us "
            f"in run {ours.run.id}, {min(there):.1f} to {max(there):.1f} us in run {theirs.run.id}",
            remedy="measure both modes one right after the other",
        )


def _floors_us(results: RunResults) -> list[float]:
    """The floor's median in each step."""
    return [found.quantiles["p50"] for found in results.measurements if _is(found, "generator_floor", "kernel", None)]


def _is(found: Measurement, name: str, clock: str, position: str | None) -> bool:
    conditions = found.conditions
    here = (found.name, conditions.get("clock"), conditions.get("position"))
    return here == (name, clock, position) and "p50" in found.quantiles


def _median(found: Measurement) -> Range:
    return Range(found.quantiles["p50"], *found.ci95["p50"])
