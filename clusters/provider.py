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
    removes what it created, except a cluster that is to be kept.
    """

    def closing_facts(self, cluster: Cluster) -> dict[str, str]:
        """Return facts for the report's environment that are known only at the end of the run. Raises `WorldError`."""

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """Write the logs of the cluster's nodes below `directory`. A log that cannot be read holds the reason.

        Raises `WorldError` if there is no list of logs, or if the directory cannot be written to.
        """

    def release(self, cluster: Cluster, progress: Progress) -> None:
        """Remove what this run created: the cluster, unless it is kept or an earlier run created it; in an existing
        cluster the run's namespace.
        """
