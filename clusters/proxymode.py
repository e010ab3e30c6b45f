"""The effective proxy mode, from kube-proxy's own mouth: what was asked for is never taken for granted."""

from __future__ import annotations

from clusters.errors import ClusterNotReady
from clusters.spec import Mode

ASK = ("curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:10249/proxyMode")
"""kube-proxy answers with its mode on its metrics port, which listens on the node's loopback."""

LOG_LINES = {
    Mode.IPTABLES: "Using iptables Proxier",
    Mode.IPVS: "Using ipvs Proxier",
    Mode.NFTABLES: "Using nftables Proxier",
}
"""What kube-proxy logs when it has chosen; the fallback where nothing can be run beside it."""


def require_mode(cluster: str, node: str, expected: Mode, answer: str) -> None:
    """Raises `ClusterNotReady` if the node's kube-proxy runs in another mode than `expected`."""
    if answer.strip() != expected:
        raise ClusterNotReady(
            f"kube-proxy on node {node} of cluster {cluster} runs in mode {answer.strip()!r}, asked for was {expected}",
            remedy="its log is in the exported node logs",
        )
