"""Hooks that kubeproof adds to pytest: how results reach their writers, and tests their fake cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.cluster import Cluster
from clusters.progress import Progress
from harness.plugin.run.owner import ClusterOwner
from harness.plugin.run.request import ClusterRequest
from reports.model import RunResults


@pytest.hookspec
def pytest_kubeproof_results(results: RunResults, directory: Path) -> None:
    """The run as it stands: called at its start, after every case, and at its end."""


@pytest.hookspec(firstresult=True)
def pytest_kubeproof_cluster_owner(request: ClusterRequest) -> ClusterOwner | None:
    """Whoever makes and removes the cluster; the first answer wins, without one it is kind's provider."""


@pytest.hookspec(firstresult=True)
def pytest_kubeproof_require_images(cluster: Cluster, images: frozenset[str], progress: Progress) -> bool | None:
    """Have nodes pull `images`, fields of `CaseImages` that the selected cases need: called once, before any case.

    Raises `ImageUnavailable`; the first answer wins, without one nodes of an existing cluster are asked.
    """
