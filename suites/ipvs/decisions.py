"""The decisions on the claims about many Services, from what a sweep in ipvs mode and a switch of modes showed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.performance.conclusions.growth import Growth
from harness.performance.conclusions.swept import last_above_first_us, swept_steps
from harness.performance.sweep.step import Step, measurements_of
from harness.statistics.comparison import Comparison, in_words
from harness.suite import Decision, conditional, confirmed, refuted, untested

LIST_US = 20.0
"""The least time in us for traversing a list of 1,000 rules.

20 to 30 us were published for iptables mode on real hosts. User-mode Linux takes longer.
"""


def decide_look_up(grown: Growth, steps: list[Step]) -> Decision:
    """1.1: refuted if the first packet grows with the number of Services, or differs as it would with a list.

    Steps are minutes apart, and the host's own variation in that time may hide growth. The oldest and the youngest
    Service are therefore measured at the same time, with all dummy Services between them in age. With a list, which may
    begin with either, one of the two would take longer by all the dummy Services.
    """
    apart = last_above_first_us(swept_steps(measurements_of(steps)))
    assert apart is not None, "no Service was measured"
    programmed = ", ".join(
        f"{step.services} Services after {step.cost.programmed_s:.0f} s" for step in growing(steps) if step.services
    )
    evidence = (
        f"The first packet's growth was {grown.figures}. With {grown.most} Services between the two, the first packet "
        f"to the youngest Service took {apart} us longer than to the oldest. Programmed on all nodes: {programmed}."
    )
    if grown.seen or apart.size.low > LIST_US:
        return refuted(evidence)
    if apart.size.high < LIST_US:
        return conditional("for the look-up only: the time to program Services grows with their number", evidence)
    return untested(f"the figures of this host vary too much to decide. {evidence}")


def growing(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that have more Services than all before them, and the first one."""
    return [
        step for number, step in enumerate(steps) if all(step.services > before.services for before in steps[:number])
    ]


def decide_sets(steps: list[Step]) -> Decision:
    """1.2: as Services are added, sets grow and the number of rules does not change."""
    rules = [step.cost.rules.rules for step in growing(steps)]
    members = [sum(step.cost.rules.sets.values()) for step in growing(steps)]
    numbers = ", ".join(
        f"{step.cost.rules.rules} rules and {sum(step.cost.rules.sets.values())} set members at {step.services} dummy "
        "Services"
        for step in growing(steps)
    )
    grow = all(fewer < more for fewer, more in pairwise(members))
    evidence = f"One node's kernel had {numbers}."
    return confirmed(evidence) if len(set(rules)) == 1 and grow else refuted(evidence)


def decide_comparison(comparisons: list[Comparison], where: str) -> Decision:
    """2.2: confirmed if ipvs is better in every quantity, refuted if it is worse in every one.

    Untested if no difference is seen in any. Otherwise conditional; the condition says in which quantities ipvs is
    better, in which it is worse, and for which these data cannot tell. Ranges that nearly touch overlap in one run and
    not in the next, so a quantity for which the data cannot tell must not decide between two verdicts.
    """
    better = [found.thing for found in comparisons if found.better]
    worse = [found.thing for found in comparisons if found.worse]
    unclear = [found.thing for found in comparisons if not found.differs]
    evidence = f"{where}: {in_words(comparisons, 'ipvs', 'iptables')}."
    if not better and not worse:
        return untested(f"the figures of this host vary too much to decide. {evidence}")
    if len(comparisons) == len(better):
        return confirmed(evidence)
    if len(comparisons) == len(worse):
        return refuted(evidence)
    parts = {"better": better, "worse": worse, "cannot tell": unclear}
    return conditional(
        "; ".join(f"{word}: {' and '.join(things)}" for word, things in parts.items() if things), evidence
    )
