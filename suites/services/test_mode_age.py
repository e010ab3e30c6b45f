"""How old and how welcome is ipvs mode? What the running kube-proxy knows of it."""

import pytest

from harness.suite import ClaimRecorder, Cluster, FeatureGate, Proxies
from suites.services.mode_decisions import ModeAge, decide_ipvs_ga, decide_ipvs_newest

IPVS, NFTABLES = "KubeProxyIPVS", "NFTablesProxyMode"
DEPRECATED_SINCE, GATED_SINCE, NFTABLES_STABLE_SINCE = (1, 35), (1, 37), (1, 33)
"""ipvs: https://kep.k8s.io/5495; nftables: https://kep.k8s.io/3866."""


@pytest.mark.claim("1.4", "1.5")
def test_kube_proxy_tells_what_has_become_of_ipvs(cluster: Cluster, proxies: Proxies, claim: ClaimRecorder) -> None:
    """Its log names the mode it chose and warns of ipvs; its feature gates tell the stage of ipvs and nftables."""
    node = cluster.workers[0]
    version = tuple(int(part) for part in cluster.kubernetes.split(".")[:2])
    log, features = proxies.log(node), proxies.features(node)
    chosen = next((line for line in log.splitlines() if f"Using {cluster.mode} Proxier" in line), "")
    warning = next((line for line in log.splitlines() if "ipvs proxier" in line and "deprecated" in line), "")
    ipvs, nftables = features.get(IPVS), features.get(NFTABLES)
    age = ModeAge(version, cluster.mode, ipvs, nftables, _message(warning))
    claim.record("1.4", decide_ipvs_ga(age))
    claim.record("1.5", decide_ipvs_newest(age))
    assert chosen, f"the log of {node.name} does not say {cluster.mode!r}: {log[:1000]}"
    if version >= NFTABLES_STABLE_SINCE:
        assert nftables == FeatureGate("", True), features
    if version >= GATED_SINCE:
        assert ipvs == FeatureGate("DEPRECATED", True), features
    if version >= DEPRECATED_SINCE:
        assert bool(warning) == (cluster.mode == "ipvs"), f"the log of {node.name}: {warning!r}"


def _message(line: str) -> str:
    """What a line of klog says: https://github.com/kubernetes/klog"""
    return line.partition('] "')[2].rstrip('"')
