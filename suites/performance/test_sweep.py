"""The first packet's duration of a connection to a ClusterIP, as the number of Services grows."""

from collections.abc import Iterator

import pytest

from harness.dataplane.modes import DATA_PLANES
from harness.findings import SelfCheck, SelfCheckFinding
from harness.performance.conclusions.cost_per_rule import cost_per_rule_finding
from harness.performance.conclusions.self_check import (
    check_aa_pairs,
    check_cost_per_rule,
    check_cost_per_service,
    check_steps,
)
from harness.performance.conclusions.service_cost import service_costs
from harness.performance.conclusions.swept import SweptStep, swept_steps
from harness.performance.sweep.proxy_cost import finding as cost_finding
from harness.performance.sweep.setting import SweepSetting
from harness.performance.sweep.step import measurements_of
from harness.suite import Cluster, Finding, Measurement, Mode, Sweeper, growth


@pytest.mark.workers(2)
@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.usefixtures("undisturbed")
def test_the_first_packet_over_the_number_of_services(
    cluster: Cluster,
    sweep_setting: SweepSetting,
    sweep_services: tuple[int, ...],
    run_sweep: Sweeper,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Measure the first packet at every number of Services in turn, with zero Services first and last.

    The cost of Services and its growth are recorded only if the sweep's self-checks hold.
    """
    made = run_sweep(*sweep_services, aa_pairs=True)
    steps = swept_steps(measurements_of(made))
    checked = SelfCheckFinding(mode=cluster.mode, checks=tuple(checks(steps, len(made), cluster.mode)))
    findings.append(checked)
    costs = [step.cost.proxy for step in made if step.cost.proxy is not None]
    findings.append(cost_finding(costs, sweep_setting.origin.node, cluster.mode))
    if DATA_PLANES[cluster.mode].traverses_rules:
        findings.append(cost_per_rule_finding(steps, cluster.mode))
    if checked.holds:
        measurements.extend(service_costs(steps))
        findings.append(growth(steps).finding(cluster.mode))

    failed = [found.flags for found in measurements if found.errors]
    assert not failed, f"connections failed under a light load: {failed}"


def checks(steps: list[SweptStep], made: int, mode: Mode) -> Iterator[SelfCheck]:
    """Yield the self-checks: first whether enough of the `made` steps are valid, then whether their results are."""
    enough = check_steps([step.services for step in steps], made)
    yield enough
    if not enough.holds:
        return
    yield check_aa_pairs(steps)
    if DATA_PLANES[mode].traverses_rules:
        yield check_cost_per_rule(steps)
    else:
        grown = growth(steps)
        yield check_cost_per_service(grown.per_1000_us, grown.most)
