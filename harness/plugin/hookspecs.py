"""Hooks that kubeproof adds to pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.cluster import Cluster
from clusters.host.progress import Progress
from harness.plugin.run.owner import ClusterOwner
from harness.plugin.run.request import ClusterRequest
from reports.model import RunResults


@pytest.hookspec
def pytest_kubeproof_results(results: RunResults, directory: Path) -> None:
    """Write the run's results. Called at the run's start, after every case, and at its end."""


@pytest.hookspec(firstresult=True)
def pytest_kubeproof_cluster_owner(request: ClusterRequest) -> ClusterOwner | None:
    """Return the owner that creates and removes the cluster. The first answer wins; the default owns kind clusters."""


@pytest.hookspec(firstresult=True)
def pytest_kubeproof_require_images(cluster: Cluster, images: frozenset[str], progress: Progress) -> bool | None:
    """Check, once and before any case, that nodes can pull `images`, fields of `CaseImages` that cases need.

    Raises `ImageUnavailable`. The first answer wins; by default nodes of an existing cluster pull them.
    """
