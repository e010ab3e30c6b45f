"""The shell with which a data plane reader reads a node's kernel; unit tests replace it by fixed texts."""

from __future__ import annotations

from typing import Protocol

from clusters.cluster import Cluster, Node
from clusters.nodes.access import NodeAccess

TIMEOUT_S = 60.0


class ProxyShell(Protocol):
    """A way to run programs where a node's kube-proxy writes its rules."""

    def run(self, node: Node, *argv: str, timeout_s: float = TIMEOUT_S) -> str:
        """Run a program and return its output. Raises `CommandFailed`."""


class ClusterProxyShell:
    """A shell for the nodes of a real cluster."""

    def __init__(self, access: NodeAccess, cluster: Cluster) -> None:
        self._access = access
        self._cluster = cluster

    def run(self, node: Node, *argv: str, timeout_s: float = TIMEOUT_S) -> str:
        return self._access.run_by_proxy(self._cluster, node, argv, timeout_s=timeout_s).stdout
