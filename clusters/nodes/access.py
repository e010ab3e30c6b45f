"""The protocol of node access, which runs programs on the nodes of a cluster that exists."""

from __future__ import annotations

from typing import Protocol

from clusters.cluster import Cluster, Node
from clusters.host.command import CommandResult


class NodeAccess(Protocol):
    """Access to the nodes of clusters, whoever created them. Any process of a run may use it."""

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        """Run a program on a node as root.

        Raises `WorldError`, mostly `CommandFailed`, or `Refused` if the run may not access nodes.
        """

    def run_by_proxy(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        """Run a program where kube-proxy's rules are visible: on the node, in its user-mode Linux or its tools pod.

        Raises `WorldError`, mostly `CommandFailed`.
        """
