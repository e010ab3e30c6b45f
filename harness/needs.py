"""What a case needs of its cluster, and which modes it is about: elsewhere it is skipped, with the reason."""

from __future__ import annotations

import pytest

from clusters.cluster import Cluster

LEAST_WORKERS = 1
"""Of a case that does not say how many it needs."""


def missing_need(item: pytest.Item, cluster: Cluster) -> str | None:
    """Why the case cannot be decided on this cluster, or None."""
    if item.get_closest_marker("disruptive") and not cluster.owned:
        return f"it damages nodes, and cluster {cluster.name} is not ours; --allow-disruptive permits it"
    marker = item.get_closest_marker("workers")
    wanted = LEAST_WORKERS if marker is None else int(marker.args[0])
    if len(cluster.workers) < wanted:
        return f"it needs worker nodes, {wanted} at least; cluster {cluster.name} has {len(cluster.workers)}"
    return None


def of_other_modes(item: pytest.Item, cluster: Cluster) -> str | None:
    """Why the case does not concern this cluster's mode, or None."""
    marker = item.get_closest_marker("modes")
    if marker is None or cluster.mode in marker.args:
        return None
    return f"it is about {' and '.join(marker.args)} mode, and the cluster is in {cluster.mode} mode"
