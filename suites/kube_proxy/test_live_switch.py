"""A live switch of a node's kube-proxy to another mode, under traffic: what an owner of a cluster goes through."""

import pytest

from harness.dataplane.modes import mode_to_switch_to
from harness.performance.live_switches import SwitchObserver, live_switch_findings
from harness.suite import Cluster, Finding
from suites.kube_proxy.switching import switch_there_and_back


@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
def test_a_live_switch_leads_to_working_services_and_clean_up_takes_the_old_rules_away(
    cluster: Cluster,
    switch_observer: SwitchObserver,
    findings: list[Finding],
) -> None:
    """One node's kube-proxy is switched to another mode and back, while the kernel keeps running.

    The performance suite does the same with every other mode that the kernel has, and more often.
    """
    other = mode_to_switch_to(cluster.mode, switch_observer.shell, switch_observer.node)
    observed = switch_there_and_back(switch_observer, cluster.mode, other, times=1)
    findings.extend(live_switch_findings(switch_observer.node, observed))
