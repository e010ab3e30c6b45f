"""The answer of a comparison in a few sentences: which mode, by how much, and what the runs cannot tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reports.model import Interval
from reports.model.comparison import Comparison, ModePair, ProgrammingCost, SubstrateComparison
from reports.writers.readable import many, with_ends
from reports.writers.sentences.comparison import span

ALL_MODES = ("iptables", "ipvs", "nftables")


def answer(comparison: Comparison) -> tuple[tuple[str, ...], ...]:
    """Return the sentences about each substrate that has sweeps of several modes; else those about behaviour."""
    found = tuple(tuple(_of_substrate(one)) for one in comparison.substrates if one.pairs)
    return found or tuple((sentence,) for sentence in _of_behaviour(comparison))


def _of_substrate(found: SubstrateComparison) -> Iterator[str]:
    most = min(pair.most_services for pair in found.pairs)
    modes = [mode.mode for mode in found.modes]
    faster = {mode: list(_beaten_by(mode, found.pairs)) for mode in modes}
    beaten = {loser for losses in faster.values() for loser, _ in losses}
    fastest = [mode for mode in modes if faster[mode] and mode not in beaten]
    if len(fastest) == 1:
        by = " and ".join(f"{with_ends(us, unit=' us')} less than in {mode} mode" for mode, us in faster[fastest[0]])
        yield (
            f"On substrate {found.substrate}, {fastest[0]} mode is the fastest: with {most:,} Services a first packet "
            f"takes {by}."
        )
    else:
        yield f"On substrate {found.substrate}, these runs cannot tell which mode has the fastest first packet."
    for mode in modes:
        grows = list(_grows_more(mode, found.pairs))
        if grows:
            than = " and ".join(f"{with_ends(us, unit=' us')} more than in {other} mode" for other, us in grows)
            yield f"In {mode} mode a first packet grows with each 1,000 Services by {than}."
    yield from _programming(found.programming)


def _beaten_by(mode: str, pairs: Sequence[ModePair]) -> Iterator[tuple[str, Interval]]:
    """Yield the modes whose first packet takes longer with the most Services, and by how much."""
    for pair in pairs:
        if pair.theirs == mode and pair.at_most_us.low > 0:
            yield pair.ours, pair.at_most_us
        if pair.ours == mode and pair.at_most_us.high < 0:
            yield pair.theirs, _negative(pair.at_most_us)


def _grows_more(mode: str, pairs: Sequence[ModePair]) -> Iterator[tuple[str, Interval]]:
    """Yield the modes in which a first packet grows less with the number of Services, and by how much."""
    for pair in pairs:
        growth = pair.growth_us_per_1000
        if pair.ours == mode and growth.low > 0:
            yield pair.theirs, growth
        if pair.theirs == mode and growth.high < 0:
            yield pair.ours, _negative(growth)


def _programming(costs: Sequence[ProgrammingCost]) -> Iterator[str]:
    modes = {cost.mode for cost in costs}
    if len(modes) < 2 or len({cost.services for cost in costs}) > 1:
        return
    seconds = {mode: [cost.sync_s for cost in costs if cost.mode == mode] for mode in modes}
    first, *others = sorted(modes, key=lambda mode: min(seconds[mode]))
    listed = ", ".join(f"{span(seconds[mode])} s in {mode} mode" for mode in others)
    yield (f"kube-proxy programs {costs[0].services:,} Services in {span(seconds[first])} s in {first} mode, {listed}.")


def _of_behaviour(comparison: Comparison) -> Iterator[str]:
    for found in comparison.differences:
        here, there = found.places
        names = (
            f"{here.mode} and {there.mode} mode on substrate {here.substrate}"
            if here.substrate == there.substrate
            else f"Substrates {here.substrate} and {there.substrate} in {here.mode} mode"
        )
        yield f"{names} behave differently in {len(found.claims)} of {many(found.compared, 'claim')}."


def why_worse(comparison: Comparison, candidate: str) -> Iterator[str]:
    """Yield in what the mode `candidate` is worse than another mode, as far as the runs are sure of it."""
    for found in comparison.substrates:
        where = f"on substrate {found.substrate}, {candidate} mode"
        for other, us in _beaten_by_another(candidate, found.pairs):
            yield f"{where}: a first packet takes {with_ends(us, unit=' us')} longer than in {other} mode"
        for other, us in _grows_more(candidate, found.pairs):
            yield f"{where}: each 1,000 Services add {with_ends(us, unit=' us')} more than in {other} mode"
        for other in _programs_faster(candidate, found.programming):
            yield f"{where}: programming takes longer than in {other} mode"


def _beaten_by_another(mode: str, pairs: Sequence[ModePair]) -> Iterator[tuple[str, Interval]]:
    """Yield the modes whose first packet takes less time with the most Services, and by how much."""
    for pair in pairs:
        if pair.ours == mode and pair.at_most_us.low > 0:
            yield pair.theirs, pair.at_most_us
        if pair.theirs == mode and pair.at_most_us.high < 0:
            yield pair.ours, _negative(pair.at_most_us)


def _programs_faster(mode: str, costs: Sequence[ProgrammingCost]) -> Iterator[str]:
    """Yield the modes of which every run took less time for its syncs than every run of `mode`."""
    ours = [cost.sync_s for cost in costs if cost.mode == mode]
    for other in sorted({cost.mode for cost in costs} - {mode}):
        theirs = [cost.sync_s for cost in costs if cost.mode == other]
        if ours and len({cost.services for cost in costs}) == 1 and max(theirs) < min(ours):
            yield other


def not_compared(comparison: Comparison) -> Iterator[str]:
    """Yield what these runs cannot compare, and where it could be compared."""
    for run in comparison.left_out:
        yield f"Run {run} is left out: a self-check of it failed."
    for found in comparison.substrates:
        sweeps = Counter(run.mode for run in comparison.runs if run.substrate == found.substrate and run.has_sweep)
        swept = set(sweeps)
        if len(swept) > 1 and max(sweeps.values()) == 1:
            yield (
                f"On substrate {found.substrate} each mode was swept once, so no interval contains what differs from "
                "run to run. `tox -e compare` sweeps each twice."
            )
        missing = [mode for mode in ALL_MODES if mode not in swept]
        if swept and missing:
            yield (
                f"There is no sweep in {' or '.join(missing)} mode on substrate {found.substrate}. `kubeproof doctor` "
                "says which modes a host can run on which substrate."
            )


def _negative(found: Interval) -> Interval:
    return Interval(-found.value, -found.high, -found.low)
