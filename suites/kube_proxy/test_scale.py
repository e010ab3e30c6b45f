"""What grows with the number of Services: rules, and the time of a connection's first packet."""

import pytest

from harness.performance.conclusions.service_cost import service_costs
from harness.performance.conclusions.swept import swept_steps
from harness.performance.sweep.step import measurements_of
from harness.suite import Cluster, Finding, Measurement, Sweeper, growth

SERVICES = (0, 100, 1000, 1000, 0, 0)


@pytest.mark.modes("iptables", "nftables")  # suites/ipvs/test_many_services.py covers ipvs mode
@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_rules_and_first_packet_grow_as_the_mode_documents(
    cluster: Cluster, run_sweep: Sweeper, measurements: list[Measurement], findings: list[Finding]
) -> None:
    """At 0 to 1,000 Services rules grow. The first packet is measured at the chain's head, middle and end."""
    steps = run_sweep(*SERVICES)
    swept = swept_steps(measurements_of(steps))
    measurements.extend(service_costs(swept))
    findings.append(growth(swept).finding(cluster.mode))
    rules = {step.services: step.cost.rules.rules for step in steps[:3]}
    assert rules[1000] > rules[100] > rules[0], f"rules by number of dummy Services: {rules}"
    assert all(step.measurements for step in steps)
    failed = [measured.flags for measured in measurements if measured.errors]
    assert not failed, f"connections failed under a light load: {failed}"
