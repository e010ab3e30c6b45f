"""Sentences about compared runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.model import Interval
from reports.model.comparison import (
    Advantage,
    Agreement,
    BehaviourDifference,
    Comparison,
    ModeLine,
    ModePair,
    ProgrammingCost,
    SubstrateAgreement,
    SubstrateComparison,
)
from reports.writers.readable import fixed, with_ends


def comparison_sentences(comparison: Comparison) -> Iterator[str]:
    """Yield the sentences of a comparison: of each substrate, of both together, and of behaviour."""
    for found in comparison.substrates:
        for sentence in substrate_sentences(found):
            yield sentence if len(comparison.substrates) == 1 else f"Substrate {found.substrate}: {sentence}"
    yield from map(agreement_sentence, comparison.agreements)
    yield from map(difference_sentence, comparison.differences)


def substrate_sentences(found: SubstrateComparison) -> Iterator[str]:
    """Yield the sentences about the modes on one substrate, two modes at a time."""
    yield from control_sentences(found.modes)
    for pair in found.pairs:
        yield first_packet_sentence(pair)
        yield growth_sentence(pair)
        yield from (request_sentence(pair, advantage) for advantage in pair.requests)
    yield from programming_sentences(found.programming)


def control_sentences(modes: Sequence[ModeLine]) -> Iterator[str]:
    """Yield a sentence on whether the host was equally fast in each mode, if all modes have a control."""
    controls = {mode.mode: mode.control for mode in modes if mode.control is not None}
    if len(controls) == len(modes) > 1:
        parts = [
            f"{fixed(found.middle_us, 1)} us ({fixed(found.least_us, 1)} to {fixed(found.most_us, 1)} in single steps) "
            f"in {mode} mode"
            for mode, found in controls.items()
        ]
        yield (
            "First packets are compared above the same path without connection tracking and NAT. It traverses no rule "
            f"that chooses an endpoint, so it shows how fast the host was: {', '.join(parts)}."
        )


def first_packet_sentence(pair: ModePair) -> str:
    """Return a sentence that compares first packets at zero Services, at the most Services, and in between."""
    conclusion = "these runs cannot tell at which numbers of Services it takes less"
    if pair.first_packet.better:
        conclusion = f"it takes less in {pair.first_packet.better} mode {_from(pair.first_packet, pair)}"
    return (
        f"In {pair.ours} mode a first packet takes {_longer(pair.at_zero_us)} than in {pair.theirs} mode without other "
        f"Services and {_longer(pair.at_most_us)} with {pair.most_services:,}; {conclusion}."
    )


def growth_sentence(pair: ModePair) -> str:
    """Return a sentence: in which mode a first packet grows more with the number of Services.

    Growth within a run is known better than levels, which also differ from run to run.
    """
    more, less, growth = pair.ours, pair.theirs, pair.growth_us_per_1000
    if growth.high < 0:
        more, less, growth = less, more, _negative(growth)
    than = f"us per 1,000 Services more in {more} mode than in {less} mode"
    if growth.low > 0:
        return f"A first packet grows by {with_ends(growth)} {than}."
    return f"No difference in the growth of a first packet was detected: {with_ends(growth)} {than}."


def request_sentence(pair: ModePair, found: Advantage) -> str:
    """Return a sentence: from how many Services on a request is faster by a relevant share in one mode."""
    return f"With {100 * found.new_share:.3g}% of requests on new connections, {advantage_words(pair, found)}."


def advantage_words(pair: ModePair, found: Advantage) -> str:
    """Return in which mode a request takes less time, and from how many Services on."""
    less = f"a request takes at least {found.by:.0%} less time"
    if found.better:
        return f"{less} in {found.better} mode {_from(found, pair)}"
    if found.alike:
        return f"{less} in neither mode, up to {pair.most_services:,} Services"
    return f"these runs cannot tell in which mode {less}"


def programming_sentences(costs: Sequence[ProgrammingCost]) -> Iterator[str]:
    """Yield a sentence that compares the modes, if all runs programmed the same number of Services."""
    modes = sorted({cost.mode for cost in costs})
    if len(modes) < 2 or len({cost.services for cost in costs}) > 1:
        return
    by_mode = {mode: [cost for cost in costs if cost.mode == mode] for mode in modes}
    parts = [
        f"{mode} mode {span([cost.sync_s for cost in found])} s of syncs, "
        f"{span([cost.cpu_s for cost in found])} s of CPU time and "
        f"{span([cost.memory_mb for cost in found])} MB of memory"
        for mode, found in by_mode.items()
    ]
    yield f"To program {costs[0].services:,} Services one node's kube-proxy needed in {'; in '.join(parts)}."


def agreement_sentence(found: SubstrateAgreement) -> str:
    """Return one sentence about all questions: those with opposite answers first, for which the guest is no guide."""
    words = {
        Agreement.OPPOSITE: "they disagree on",
        Agreement.SAME: "they agree on",
        Agreement.UNKNOWN: "the data do not tell about",
    }
    subjects = {kind: [subject for subject, answer in found.answers.items() if answer is kind] for kind in words}
    parts = [f"{what} {', '.join(subjects[kind])}" for kind, what in words.items() if subjects[kind]]
    return f"Substrates {' and '.join(found.substrates)}, {' against '.join(found.modes)}: {'; '.join(parts)}."


def difference_sentence(found: BehaviourDifference) -> str:
    """Return a sentence that names the claims with different verdicts."""
    here, there = found.places
    if here.substrate == there.substrate:
        where, names = f"On substrate {here.substrate}", (f"{here.mode} mode", f"{there.mode} mode")
    else:
        where, names = f"In {here.mode} mode", (f"substrate {here.substrate}", f"substrate {there.substrate}")
    verdicts = "; ".join(
        f"{claim.id}, {claim.text.rstrip('.')}: {names[0]} {claim.verdict(here)}, {names[1]} {claim.verdict(there)}"
        for claim in found.claims
    )
    return (
        f"{where}, claims decided for both {names[0]} and {names[1]}: {found.compared}; "
        f"with different verdicts: {verdicts or 'none'}."
    )


def span(values: Sequence[float]) -> str:
    """Return the smallest and the largest value of repetitions, or the value if there is only one."""
    low, high = (f"{end:.3g}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _longer(longer_us: Interval) -> str:
    if longer_us.value < 0:
        return f"{with_ends(_negative(longer_us))} us less"
    return f"{with_ends(longer_us)} us more"


def _negative(found: Interval) -> Interval:
    return Interval(-found.value, -found.high, -found.low)


def _from(found: Advantage, pair: ModePair) -> str:
    if found.services is None:
        return f"at every number of Services up to {pair.most_services:,}"
    value, low, high = (fixed(end, 0) for end in (found.services.value, found.services.low, found.services.high))
    return f"from {value} Services on (95% interval {low} to {high})"
