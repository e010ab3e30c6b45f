"""How old and how welcome is ipvs mode? What the running kube-proxy knows of it."""

import pytest

from harness.suite import ClaimRecorder, Cluster, FeatureGate, Proxies

IPVS, NFTABLES = "KubeProxyIPVS", "NFTablesProxyMode"
DEPRECATED_SINCE, GATED_SINCE, NFTABLES_STABLE_SINCE = (1, 35), (1, 37), (1, 33)
"""ipvs: https://kep.k8s.io/5495; nftables: https://kep.k8s.io/3866."""

HISTORY = (
    "ipvs mode is GA since 1.11 and deprecated since 1.35 (KEP-5495: off by default in 1.40, gone in 1.43); "
    "nftables mode came in 1.29 and is GA since 1.33 (KEP-3866)."
)


@pytest.mark.claim("1.4")
def test_kube_proxy_tells_what_has_become_of_ipvs(cluster: Cluster, proxies: Proxies, claim: ClaimRecorder) -> None:
    """Its log names the mode it chose and warns of ipvs; its feature gates tell the stage of ipvs and nftables."""
    node = cluster.workers[0]
    version = tuple(int(part) for part in cluster.kubernetes.split(".")[:2])
    log, features = proxies.log(node), proxies.features(node)
    chosen = next((line for line in log.splitlines() if f"Using {cluster.mode} Proxier" in line), "")
    warning = next((line for line in log.splitlines() if "ipvs proxier" in line and "deprecated" in line), "")
    ipvs, nftables = features.get(IPVS), features.get(NFTABLES)
    deprecated = bool(warning) or (ipvs is not None and ipvs.stage == "DEPRECATED")

    evidence = (
        f"kube-proxy {cluster.kubernetes} tells its feature gates: {_words(IPVS, ipvs)}, {_words(NFTABLES, nftables)}"
        + (f"; it logs {_message(warning)!r}. " if warning else ". ")
        + HISTORY
    )
    if cluster.mode == "ipvs" or ipvs or nftables:
        claim.decide("1.4", not deprecated and nftables is None, evidence)
    else:
        claim.untested("1.4", f"kube-proxy {cluster.kubernetes} in {cluster.mode} mode knows no gate of either mode")
    assert chosen, f"the log of {node.name} does not say {cluster.mode!r}: {log[:1000]}"
    if version >= NFTABLES_STABLE_SINCE:
        assert nftables == FeatureGate("", True), features
    if version >= GATED_SINCE:
        assert ipvs == FeatureGate("DEPRECATED", True), features
    if version >= DEPRECATED_SINCE:
        assert bool(warning) == (cluster.mode == "ipvs"), f"the log of {node.name}: {warning!r}"


def _words(name: str, gate: FeatureGate | None) -> str:
    if gate is None:
        return f"no {name}"
    return f"{name} {gate.stage.lower() or 'GA'}, {'on' if gate.enabled else 'off'}"


def _message(line: str) -> str:
    """What a line of klog says: https://github.com/kubernetes/klog"""
    return line.partition('] "')[2].rstrip('"')
