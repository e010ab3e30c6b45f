"""The age and status of ipvs mode, from the running kube-proxy's log and feature gates."""

import pytest

from harness.kube_proxy.proxies import FeatureGate
from harness.suite import ClaimRecorder, Cluster, Proxies
from suites.kube_proxy.decisions import ModeAge, decide_ipvs_ga, decide_ipvs_newest

IPVS, NFTABLES = "KubeProxyIPVS", "NFTablesProxyMode"
DEPRECATED_SINCE, GATED_SINCE, NFTABLES_STABLE_SINCE = (1, 35), (1, 37), (1, 33)
"""ipvs: https://kep.k8s.io/5495; nftables: https://kep.k8s.io/3866."""


@pytest.mark.claim("1.4", "1.5")
def test_kube_proxy_reports_the_state_of_ipvs(cluster: Cluster, proxies: Proxies, claim: ClaimRecorder) -> None:
    """The log names the chosen mode and warns about ipvs. The feature gates show the stages of ipvs and nftables."""
    node = cluster.workers[0]
    version = tuple(int(part) for part in cluster.kubernetes.split(".")[:2])
    log, features = proxies.log(node), proxies.features(node)
    chosen = next((line for line in log.splitlines() if f"Using {cluster.mode} Proxier" in line), "")
    warning = next((line for line in log.splitlines() if "ipvs proxier" in line and "deprecated" in line), "")
    ipvs, nftables = features.get(IPVS), features.get(NFTABLES)
    age = ModeAge(version, cluster.mode, ipvs, nftables, _message(warning))
    claim.record("1.4", decide_ipvs_ga(age))
    claim.record("1.5", decide_ipvs_newest(age))
    assert chosen, f"kube-proxy on {node.name} did not log 'Using {cluster.mode} Proxier': {log[:1000]}"
    if version >= NFTABLES_STABLE_SINCE:
        assert nftables == FeatureGate("", True), f"feature gates of kube-proxy on {node.name}: {features}"
    if version >= GATED_SINCE:
        assert ipvs == FeatureGate("DEPRECATED", True), f"feature gates of kube-proxy on {node.name}: {features}"
    if version >= DEPRECATED_SINCE:
        assert bool(warning) == (cluster.mode == "ipvs"), (
            f"deprecation warning in the log of kube-proxy on {node.name} in {cluster.mode} mode: {warning!r}"
        )


def _message(line: str) -> str:
    """Return the message of a klog line (https://github.com/kubernetes/klog)."""
    return line.partition('] "')[2].rstrip('"')
