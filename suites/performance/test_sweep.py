"""What the first packet of a connection to a ClusterIP costs, from no Service to ten thousand."""

from statistics import median

import pytest

from harness.suite import (
    NEAR,
    Cluster,
    Finding,
    Measurement,
    Mode,
    SelfCheck,
    Step,
    Sweeper,
    SweepSetting,
    Waits,
    blocks_us,
    calibrate,
    check_look_up,
    check_rule_cost,
    check_twins,
    cost_finding,
    growth,
    rule_cost,
    self_check,
    slope_of_steps,
)


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_the_first_packet_over_the_number_of_services(
    cluster: Cluster,
    sweep_setting: SweepSetting,
    sweep_services: tuple[int, ...],
    run_sweep: Sweeper,
    waits: Waits,
    seed: int,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Every number of Services in turn, zero first and last; what it shows counts if the sweep's own checks hold."""
    steps = run_sweep(*sweep_services)
    checks = [check_twins([pair for step in steps for pair in step.twins])]
    if cluster.mode is Mode.IPTABLES:
        swept = rule_cost([walk for step in steps for walk in step.walks])
        checks.append(check_rule_cost(swept, calibrate(sweep_setting, waits, seed)))
    else:
        checks.append(look_up_check(steps))
    checked = self_check(checks, cluster.mode)
    findings.append(checked)
    costs = [step.cost for step in steps if step.cost is not None]
    findings.append(cost_finding(costs, sweep_setting.load_node, cluster.mode))
    if checked.numbers["holds"]:
        findings.append(growth(steps).finding(cluster.mode))

    failed = [found.flags for found in measurements if found.errors]
    assert not failed, f"connections failed under a light load: {failed}"


def look_up_check(steps: list[Step]) -> SelfCheck:
    """Over all steps: what a Service more costs a connection that meets the rules of one node."""
    services = [step.services for step in steps]
    return check_look_up(slope_of_steps(services, [median(blocks_us(step, NEAR)) for step in steps]), max(services))
