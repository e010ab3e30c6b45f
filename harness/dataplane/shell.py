"""How a data plane reader reaches a node's kernel: one small seam, so that readers are tested with text."""

from __future__ import annotations

from typing import Protocol

from clusters.cluster import Cluster, Node
from clusters.provider import ClusterProvider

TIMEOUT_S = 60.0


class ProxyShell(Protocol):
    """Runs a program where a node's kube-proxy keeps its rules."""

    def run(self, node: Node, *argv: str, timeout_s: float = TIMEOUT_S) -> str:
        """The program's output. Raises `CommandFailed`."""


class ProviderShell:
    """The shell of a real cluster."""

    def __init__(self, provider: ClusterProvider, cluster: Cluster) -> None:
        self._provider = provider
        self._cluster = cluster

    def run(self, node: Node, *argv: str, timeout_s: float = TIMEOUT_S) -> str:
        return self._provider.run_by_proxy(self._cluster, node, argv, timeout_s=timeout_s).stdout
