"""A live switch of a node's kube-proxy to another mode, under traffic: what an owner of a cluster goes through."""

import pytest

from harness.dataplane.live_switch import LiveSwitch
from harness.dataplane.modes import why_not_in_kernel
from harness.performance.live_switches import SwitchObserver, live_switch_findings
from harness.suite import Cluster, Finding, Kube, Mode, Proxies, ProxyShell
from suites.kube_proxy.switching import OTHER_MODES, switch_there_and_back


@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.parametrize("other", OTHER_MODES)
def test_a_live_switch_leads_to_working_services_and_clean_up_takes_the_old_rules_away(
    cluster: Cluster,
    kube: Kube,
    shell: ProxyShell,
    proxies: Proxies,
    switch_observer: SwitchObserver,
    findings: list[Finding],
    other: Mode,
) -> None:
    """One node's kube-proxy is switched to another mode and back, while the kernel keeps running."""
    node = switch_observer.node
    if (reason := why_not_in_kernel(other, shell, node)) is not None:
        pytest.skip(reason)
    live = LiveSwitch(kube, shell, proxies)
    observed = switch_there_and_back(live, switch_observer, cluster.mode, other, times=1)
    findings.extend(live_switch_findings(node, observed))
