"""The protocol of cluster providers, from which the owner of a run obtains its cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from clusters.cluster import Cluster
from clusters.host.progress import Progress


class ClusterProvider(Protocol):
    """A provider of clusters, as the owner of a run uses it once it has a cluster.

    The ways to obtain one differ: `clusters.kind` creates a cluster for a spec or finds the one that an earlier run
    kept; `clusters.existing` opens the one that the user names. Each raises a `KubeproofError` on failure, and then
    leaves nothing behind.
    """

    def closing_facts(self, cluster: Cluster) -> dict[str, str]:
        """Return facts for the report's environment that are known only at the end of the run."""

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """Write the logs of the cluster's nodes below `directory`. A log that cannot be read holds the reason."""

    def release(self, cluster: Cluster, progress: Progress) -> None:
        """Remove what this process created for the run: the cluster itself, or only its namespace in the cluster."""
