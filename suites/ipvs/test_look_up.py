"""In ipvs mode a Service is looked up: does its cost grow with the number of Services, and what does grow?"""

import pytest

from harness.suite import ClaimRecorder, Finding, Growth, Measurement, Mode, Step, Sweeper, growth

SERVICES = (0, 100, 1000, 0)
LIST_US = 20.0
"""What 1,000 rules cost at least that are walked one after the other: 20 to 30 us were published for iptables mode on
real hosts, and user-mode Linux takes longer."""


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
@pytest.mark.claim("1.1", "1.2")
def test_sets_grow_and_rules_and_first_packet_do_not(
    mode: Mode, run_sweep: Sweeper, measurements: list[Measurement], findings: list[Finding], claim: ClaimRecorder
) -> None:
    """At 0 to 1,000 Services: the kernel's rules and sets, and the first packet to the first and the last Service."""
    steps = run_sweep(*SERVICES)
    grown = growth(steps)
    findings.append(grown.finding(mode))
    decide_look_up(claim, grown, steps)

    rules = {step.services: step.rules.rules for step in steps[:-1]}
    members = {step.services: sum(step.rules.sets.values()) for step in steps[:-1]}
    constant = len(set(rules.values())) == 1
    numbers = ", ".join(f"{rules[number]} rules and {members[number]} members at {number}" for number in rules)
    told = f"On one node, by the number of filler Services: {numbers}."
    claim.decide("1.2", constant and members[1000] > members[100] > members[0], told)
    assert constant, numbers
    assert all(step.measurements for step in steps)
    failed = [measured.flags for measured in measurements if measured.errors]
    assert not failed, f"connections failed under a light load: {failed}"


def decide_look_up(claim: ClaimRecorder, grown: Growth, steps: list[Step]) -> None:
    """Is a Service looked up at the same cost however many there are, and what else grows with their number?

    Steps are minutes apart, and a restless host hides in between what a growth would be. The oldest Service and the
    youngest are measured in the same moments, with all fillers between them in age: of a list, which may begin with
    either, one of the two would be later by all of them.
    """
    apart = max(steps, key=lambda step: step.services).last_above_first
    assert apart is not None, "no Service was measured"
    programmed = ", ".join(f"{step.services} after {step.programmed_s:.0f} s" for step in steps[1:-1])
    evidence = (
        f"First packet: {grown.figures}; to the youngest Service, with {grown.most} between the two, {apart} us above "
        f"that to the oldest. "
        f"Programmed on all nodes: {programmed}."
    )
    if grown.seen or apart.size.low > LIST_US:
        claim.refuted("1.1", evidence)
    elif apart.size.high < LIST_US:
        claim.conditional(
            "1.1", "for the look-up alone: the time to program Services grows with their number", evidence
        )
    else:
        claim.untested("1.1", f"this host was too restless to tell. {evidence}")
