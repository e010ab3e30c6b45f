"""The protocol of cluster providers, which create or find clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from clusters.cluster import Cluster, Node
from clusters.host.command import CommandResult
from clusters.host.progress import Progress
from clusters.spec import ClusterSpec


class ClusterProvider(Protocol):
    """A provider of clusters. `clusters.kind` creates clusters, `clusters.existing` only finds one."""

    def check(self, spec: ClusterSpec) -> None:
        """Raise `UsageError` or `HostUnfit` if a cluster of this spec is not possible here. Create nothing."""

    def create(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """Create the cluster and return when it is ready and its effective proxy mode was checked.

        Raises `NameTaken`, `BuildFailed`, `ClusterNotReady`, and then leaves nothing behind.
        """

    def find(self, spec: ClusterSpec) -> Cluster | None:
        """Return the cluster of that spec that an earlier run kept, once it is ready, or None."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all clusters that Kubeproof made, whichever process owns them."""

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        """Run a program on a node as root. Raises `CommandFailed`, or `Refused` if the run may not access nodes."""

    def run_by_proxy(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        """Run a program where the node's kube-proxy keeps its rules: on the node, or in its user-mode Linux."""

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """Write the nodes' journals and container logs below `directory`."""

    def delete(self, name: str) -> None:
        """Remove the cluster that this process created. Ignore one that is absent or has another owner."""
