"""The role of whatever makes or finds clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from clusters.cluster import Cluster, Node
from clusters.command import CommandResult
from clusters.progress import Progress
from clusters.spec import ClusterSpec


class ClusterProvider(Protocol):
    """Eight methods; `clusters.kind` makes clusters, `clusters.existing` only finds one."""

    def check(self, spec: ClusterSpec) -> None:
        """Raise `UsageError` or `HostUnfit` if `spec` cannot be had here; nothing is made."""

    def create(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """Make the cluster and return when it is ready and its effective mode was asserted.

        Raises `NameTaken`, `BuildFailed`, `ClusterNotReady`; leaves nothing behind then.
        """

    def find(self, spec: ClusterSpec) -> Cluster | None:
        """The ready cluster of that spec that an earlier run kept, or None."""

    def names(self) -> tuple[str, ...]:
        """Names of all clusters that are ours, whoever owns them now."""

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        """Run a program on a node as root. Raises `CommandFailed`, or `Refused` where nodes are out of reach."""

    def run_by_proxy(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        """Run a program where the node's kube-proxy keeps its rules: the node, or its user-mode Linux."""

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """Write the nodes' journals and container logs below `directory`."""

    def delete(self, name: str) -> None:
        """Remove the cluster that this process has made. An absent one is a success, and another's is left alone."""
