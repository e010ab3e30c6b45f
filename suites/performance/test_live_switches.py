"""Live switches of a node's kube-proxy to another mode: for how long traffic fails, and what breaks."""

import pytest

from harness.dataplane.live_switch import LiveSwitch
from harness.dataplane.modes import why_not_in_kernel
from harness.performance.live_switches import SwitchObserver, live_switch_findings
from harness.suite import Cluster, Finding, Kube, Mode, Proxies, ProxyShell
from suites.kube_proxy.switching import OTHER_MODES, switch_there_and_back

SWITCHES = 6
"""The number of switches in each direction. The median of six is between their extremes with 97% confidence."""


@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.parametrize("other", OTHER_MODES)
def test_outages_of_live_switches(
    cluster: Cluster,
    kube: Kube,
    shell: ProxyShell,
    proxies: Proxies,
    switch_observer: SwitchObserver,
    findings: list[Finding],
    other: Mode,
) -> None:
    """Measure the outages of traffic while one node's kube-proxy switches to another mode and back, several times."""
    node = switch_observer.node
    if (reason := why_not_in_kernel(other, shell, node)) is not None:
        pytest.skip(reason)
    live = LiveSwitch(kube, shell, proxies)
    observed = switch_there_and_back(live, switch_observer, cluster.mode, other, SWITCHES)
    findings.extend(live_switch_findings(node, observed))
