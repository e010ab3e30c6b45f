"""The cost of a Service's look-up in ipvs mode, and what grows with the number of Services."""

import pytest

from harness.performance.conclusions.growth import Growth
from harness.performance.sweep.step import Step
from harness.suite import ClaimRecorder, Finding, Measurement, Mode, Sweeper, growth

SERVICES = (0, 100, 1000, 0)
LIST_US = 20.0
"""The least time in us for traversing a list of 1,000 rules.

20 to 30 us were published for iptables mode on real hosts. User-mode Linux takes longer.
"""


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
@pytest.mark.claim("1.1", "1.2")
def test_sets_grow_and_rules_and_first_packet_do_not(
    mode: Mode, run_sweep: Sweeper, measurements: list[Measurement], findings: list[Finding], claim: ClaimRecorder
) -> None:
    """At 0 to 1,000 Services, sets grow; rules and the first packet to the first and the last Service do not."""
    steps = run_sweep(*SERVICES)
    grown = growth(steps)
    findings.append(grown.finding(mode))
    decide_look_up(claim, grown, steps)

    rules = {step.services: step.cost.rules.rules for step in steps[:-1]}
    members = {step.services: sum(step.cost.rules.sets.values()) for step in steps[:-1]}
    constant = len(set(rules.values())) == 1
    numbers = ", ".join(
        f"{rules[number]} rules and {members[number]} set members at {number} dummy Services" for number in rules
    )
    claim.decide("1.2", constant and members[1000] > members[100] > members[0], f"One node's kernel had {numbers}.")
    assert constant, f"the number of rules changed: {numbers}"
    assert all(step.measurements for step in steps)
    failed = [measured.flags for measured in measurements if measured.errors]
    assert not failed, f"connections failed under a light load: {failed}"


def decide_look_up(claim: ClaimRecorder, grown: Growth, steps: list[Step]) -> None:
    """Record 1.1: refuted if the first packet grows with the number of Services, or differs as it would with a list.

    Steps are minutes apart, and the host's own variation in that time may hide growth. The oldest and the youngest
    Service are therefore measured at the same time, with all dummy Services between them in age. With a list, which may
    begin with either, one of the two would take longer by all the dummy Services.
    """
    apart = max(steps, key=lambda step: step.services).latencies.last_above_first
    assert apart is not None, "no Service was measured"
    programmed = ", ".join(f"{step.services} Services after {step.cost.programmed_s:.0f} s" for step in steps[1:-1])
    evidence = (
        f"The first packet's growth was {grown.figures}. With {grown.most} Services between the two, the first packet "
        f"to the youngest Service took {apart} us longer than to the oldest. Programmed on all nodes: {programmed}."
    )
    if grown.seen or apart.size.low > LIST_US:
        claim.refuted("1.1", evidence)
    elif apart.size.high < LIST_US:
        claim.conditional("1.1", "for the look-up only: the time to program Services grows with their number", evidence)
    else:
        claim.untested("1.1", f"the figures of this host vary too much to decide. {evidence}")
