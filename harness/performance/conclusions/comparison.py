"""Compare runs: from how many Services on is one mode faster than another, and do they behave alike?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, groupby

import numpy as np

from clusters.errors import Refused, UsageError
from harness.performance.conclusions.agreement import agreement_sentences
from harness.performance.conclusions.behaviour import decides_claims, difference_sentences
from harness.performance.conclusions.break_even import BreakEven, Pair
from harness.performance.conclusions.comparable import require_comparable
from harness.performance.conclusions.mode_costs import is_persistent_request, mode_costs
from harness.performance.conclusions.programming_cost import programming_sentences
from harness.statistics.comparison import Range
from reports.model import RunResults

RELEVANT_SHARE = 0.01
"""The smallest relative difference of a request's time that the comparison reports."""

SEED = 1
"""The seed of random draws, so that the same runs always give the same result."""


def compare(runs: Sequence[RunResults], shares: Sequence[float]) -> Iterator[str]:
    """Yield sentences that compare the modes of these runs, two at a time, and then the substrates.

    Latencies are those of sweeps. Runs of the same mode are pooled: their steps are fitted together. So runs may be
    interleaved in time (A B C C B A), which removes a steady drift of the host from the difference of two modes.
    `shares` are of requests on new connections. Behaviour is that of runs that decide claims.

    The order of the runs does not matter: modes are named in alphabetical order. No figure on one substrate is compared
    with a figure on another; only the order of modes is. Raises `Refused` for runs of a single mode or of different
    hosts, for a run whose self-check failed, or if the host has changed between two modes, and `UsageError` for a run
    that lacks the measurements to compare or was named twice.
    """
    runs = sorted(runs, key=lambda results: results.run.id)
    behaviour = [results for results in runs if decides_claims(results)]
    _require_two(runs, behaviour)
    by_substrate = {substrate: list(found) for substrate, found in _by_substrate(runs)}
    pairs = {substrate: _pairs(found) for substrate, found in by_substrate.items()}
    for substrate, found in by_substrate.items():
        for sentence in _substrate_sentences(found, pairs[substrate], shares):
            yield sentence if len(pairs) == 1 else f"Substrate {substrate}: {sentence}"
    yield from agreement_sentences(pairs)
    yield from difference_sentences(behaviour)


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


def _pairs(runs: Sequence[RunResults]) -> list[Pair]:
    """Return each two modes of the runs on one substrate. A run that decides claims need not contain a sweep."""
    require_comparable(runs)
    swept = [results for results in runs if _has_sweep(results) or not decides_claims(results)]
    costs = mode_costs(swept) if swept else ()
    return [Pair(ours, theirs, np.random.default_rng(SEED)) for ours, theirs in combinations(costs, 2)]


def _has_sweep(results: RunResults) -> bool:
    return any(is_persistent_request(found) for found in results.measurements)


def _substrate_sentences(runs: Sequence[RunResults], pairs: Sequence[Pair], shares: Sequence[float]) -> Iterator[str]:
    for pair in pairs:
        yield first_packet_sentence(pair)
        yield growth_sentence(pair)
        yield from (request_sentence(pair, share) for share in shares)
    yield from programming_sentences(runs)


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


def growth_sentence(pair: Pair) -> str:
    """Return a sentence: in which mode a first packet grows more with the number of Services.

    Growth within a run is known better than levels, which also differ from run to run.
    """
    more, less = pair.ours.mode, pair.theirs.mode
    growth = pair.growth_us.times(1000)
    if growth.high < 0:
        more, less, growth = less, more, growth.times(-1)
    than = f"us per 1,000 Services more in {more} mode than in {less} mode"
    if growth.low > 0:
        return f"A first packet grows by {growth} {than}."
    return f"No difference in the growth of a first packet was detected: {growth} {than}."


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
