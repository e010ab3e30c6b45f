"""What grows with the number of Services: rules, sets, and the way of a connection's first packet."""

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    DataPlane,
    Finding,
    Growth,
    Kube,
    Measurement,
    Progress,
    Proxies,
    ServiceMaker,
    Step,
    SweepPlan,
    SweepSetting,
    growth,
    sweep,
)

SERVICES = (0, 100, 1000, 0)
TARGETS = 12


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
@pytest.mark.claim("1.1", "1.2")
def test_rules_and_first_packet_grow_as_the_mode_documents(
    cluster: Cluster,
    kube: Kube,
    namespace: str,
    dataplane: DataPlane,
    proxies: Proxies,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    measurements: list[Measurement],
    findings: list[Finding],
    claim: ClaimRecorder,
    seed: int,
    progress: Progress,
) -> None:
    """At 0 to 1,000 Services: the kernel's rules and sets, and the first packet at the chain's head, middle and end."""
    client_node, backend_node = cluster.workers[:2]
    target = make_service("target", 1, node=backend_node.name)
    fronts = (target.front, *target.add_fronts(*(f"target-{number}" for number in range(1, TARGETS))))
    client = make_client("load", node=client_node)
    setting = SweepSetting(kube, dataplane, proxies, namespace, client.name, client_node, fronts)
    plan = SweepPlan(SERVICES, rate_per_s=150, duration_s=20, seed=seed)

    steps: list[Step] = []
    with sweep(setting, plan, progress) as measured:
        for step in measured:
            steps.append(step)
            measurements.extend(step.measurements)
    grown = growth(steps)
    findings.append(grown.finding(cluster.mode))
    look_up(cluster.mode, claim, grown, steps)

    rules = {step.services: step.rules.rules for step in steps[:-1]}
    members = {step.services: sum(step.rules.sets.values()) for step in steps[:-1]}
    constant = len(set(rules.values())) == 1
    numbers = f"rules {rules}, members of sets {members} by number of filler Services"
    if cluster.mode == "ipvs":
        claim.decide("1.2", constant and members[1000] > members[100] > members[0], f"On one node: {numbers}.")
        assert constant, numbers
    else:
        claim.untested("1.2", f"does not concern {cluster.mode} mode, where rules grow: {numbers}")
        assert rules[1000] > rules[100] > rules[0], numbers
    assert all(step.measurements for step in steps)
    assert not any(measured.errors for measured in measurements), "connections failed under a light load"


def look_up(mode: str, claim: ClaimRecorder, grown: Growth, steps: list[Step]) -> None:
    """Is a Service looked up at the same cost however many there are, and what else grows with their number?"""
    programmed = ", ".join(f"{step.services} after {step.programmed_s:.0f} s" for step in steps[1:-1])
    evidence = f"First packet: {grown.figures}. Programmed on all nodes: {programmed}."
    if mode != "ipvs":
        claim.untested("1.1", f"does not concern {mode} mode. {evidence}")
    elif grown.seen:
        claim.refuted("1.1", evidence)
    elif grown.absent:
        claim.conditional(
            "1.1", "for the look-up alone: the time to program Services grows with their number", evidence
        )
    else:
        claim.untested("1.1", f"this host was too restless to tell. {evidence}")
