"""Live switches of a node's kube-proxy to another mode: for how long traffic fails, and what breaks."""

import pytest

from harness.dataplane.modes import why_not_in_kernel
from harness.performance.live_switches import SwitchObserver, live_switch_findings
from harness.suite import Cluster, Finding, Mode
from suites.kube_proxy.switching import switch_there_and_back

SWITCHES = 6
"""The number of switches in each direction. The median of six is between their extremes with 97% confidence."""


@pytest.mark.performance
@pytest.mark.exclusive
@pytest.mark.disruptive
def test_outages_of_live_switches(
    cluster: Cluster,
    switch_observer: SwitchObserver,
    findings: list[Finding],
) -> None:
    """Measure outages of traffic while one node's kube-proxy switches to each other mode and back, several times."""
    for other in modes_to_switch_to(cluster.mode, switch_observer):
        observed = switch_there_and_back(switch_observer, cluster.mode, other, SWITCHES)
        findings.extend(live_switch_findings(switch_observer.node, observed))


def modes_to_switch_to(mode: Mode, observer: SwitchObserver) -> list[Mode]:
    """Return the modes other than `mode` that the kernel can run. Skip the case if there is none."""
    reasons = {other: why_not_in_kernel(other, observer.shell, observer.node) for other in Mode if other is not mode}
    if all(reasons.values()):
        pytest.skip("; ".join(f"{other} mode: {reason}" for other, reason in reasons.items()))
    return [other for other, reason in reasons.items() if reason is None]
