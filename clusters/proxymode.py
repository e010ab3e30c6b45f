"""The effective proxy mode, as kube-proxy itself reports it. The requested mode alone is no proof."""

from __future__ import annotations

from clusters.errors import ClusterNotReady
from clusters.spec import Mode

PROXY_COMMAND = ("curl", "--silent", "--fail", "--max-time", "5")
"""A command that requests a page of kube-proxy's metrics port, which listens on the node's loopback."""

PROXY_MODE_COMMAND = (*PROXY_COMMAND, "http://127.0.0.1:10249/proxyMode")
PROXY_CONFIG_COMMAND = (*PROXY_COMMAND, "http://127.0.0.1:10249/configz")
"""The commands that ask kube-proxy for its mode, and for its whole configuration, with Kubernetes' defaults in it."""


def proxier_line(mode: Mode) -> str:
    """Return the text that kube-proxy logs when it starts: the fallback where its metrics port is out of reach."""
    return f"Using {mode} Proxier"


def require_mode(cluster: str, node: str, expected: Mode, answer: str) -> None:
    """Raise `ClusterNotReady` if the node's kube-proxy runs in another mode than `expected`."""
    if answer.strip() != expected:
        raise ClusterNotReady(
            f"kube-proxy on node {node} of cluster {cluster} runs in mode {answer.strip()!r}, expected {expected}",
            remedy="its log is in the exported node logs",
        )
