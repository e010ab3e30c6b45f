"""What grows with the number of Services in ipvs mode, and what they cost on the same kernel in iptables mode.

One case, because a user-mode Linux takes minutes to program a thousand Services: both measure the same ones.
"""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.fixtures.load import SweepOpener
from harness.load.records import in_experiment
from harness.performance.conclusions.service_cost import service_costs
from harness.performance.conclusions.swept import swept_steps
from harness.performance.sweep.measuring import measure
from harness.performance.sweep.run import Sweep
from harness.performance.sweep.setting import SweepSetting
from harness.performance.sweep.step import Step, measurements_of
from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    Finding,
    IptablesDataPlane,
    Measurement,
    Mode,
    Proxies,
    ServiceMaker,
    growth,
)
from suites.ipvs.costs import comparisons, costs
from suites.ipvs.decisions import decide_comparison, decide_look_up, decide_sets, growing

SERVICES = (0, 100, 1000, 1000, 0, 0)
MOST = len(SERVICES) - 1 - SERVICES[::-1].index(max(SERVICES))


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
@pytest.mark.claim("1.1", "1.2", "2.2")
def test_many_services_in_ipvs_and_in_iptables_mode(
    cluster: Cluster,
    mode: Mode,
    proxies: Proxies,
    open_sweep: SweepOpener,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    measurements: list[Measurement],
    findings: list[Finding],
    claim: ClaimRecorder,
) -> None:
    """At 0 to 1,000 Services, sets grow; rules and the first packet to the first and the last Service do not.

    At 1,000 Services, if the cluster is this run's own, one node's kube-proxy switches to iptables mode and back. First
    packet, requests and sync time are compared between the two modes.
    """
    steps: list[Step] = []
    with open_sweep(*SERVICES) as sweep:
        node = sweep.setting.origin.node
        web, client = make_service("web", 1), make_client("client", node=node)
        for number, step in enumerate(sweep.steps):
            steps.append(step)
            if number != MOST:
                continue
            if not cluster.owned:
                claim.untested("2.2", f"it switches a kube-proxy's mode, and cluster {cluster.name} is not this run's")
                continue
            by_ipvs = costs(step, "ipvs", web, client, proxies, node)
            with ExitStack() as in_iptables_mode:
                switched = switch_to_iptables(sweep, proxies, in_iptables_mode)
                other = measure(switched, sweep.plan, MOST)
                by_iptables = costs(other, "iptables", web, client, proxies, node)
            measurements.extend(in_experiment(found, "two modes on one node") for found in other.measurements)
            where = f"On node {node.name} at {step.services} Services"
            claim.record("2.2", decide_comparison(comparisons(by_ipvs, by_iptables), where))
            assert_fewer_rules(step, other)

    swept = swept_steps(measurements_of(steps))
    measurements.extend(service_costs(swept))
    grown = growth(swept)
    findings.append(grown.finding(mode))
    claim.record("1.1", decide_look_up(grown, steps))
    claim.record("1.2", decide_sets(steps))
    rules = {step.services: step.cost.rules.rules for step in growing(steps)}
    assert len(set(rules.values())) == 1, f"the number of rules changed: {rules}"
    assert all(step.measurements for step in steps)
    failed = [measured.flags for measured in measurements if measured.errors]
    assert not failed, f"connections failed under a light load: {failed}"


def switch_to_iptables(sweep: Sweep, proxies: Proxies, until: ExitStack) -> SweepSetting:
    """Switch the kube-proxy of the generator's node to iptables mode `until` then; return the setting in that mode.

    The dummy Services are removed before it returns to ipvs mode: with so many of them its first sync on a user-mode
    Linux would take minutes.
    """
    access, origin = sweep.setting.access, sweep.setting.origin
    set_mode = until.enter_context(proxies.changing((origin.node,), "mode"))
    until.callback(sweep.dummies.remove)
    set_mode("iptables")
    access = replace(access, dataplane=IptablesDataPlane(access.shell))
    return replace(sweep.setting, access=access, origin=replace(origin, mode=Mode.IPTABLES))


def assert_fewer_rules(ipvs: Step, iptables: Step) -> None:
    """Fail unless the node had fewer rules in ipvs mode: otherwise it did not switch modes."""
    numbers = ipvs.cost.rules.rules, iptables.cost.rules.rules
    assert numbers[0] < numbers[1], f"{numbers[0]} rules in ipvs mode, {numbers[1]} in iptables mode"
