"""The plugin of the cases' own pytest: the cluster is there, made by somebody else, who will also remove it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from clusters.cluster import Cluster
from clusters.progress import Progress
from harness.run.owner import ClusterOwner
from harness.run.request import ClusterRequest

CLUSTER_FILE = "KUBEPROOF_PLANTED_CLUSTER"
"""The environment variable that names the file with the cluster as JSON."""


class Lodger:
    """Opens nothing and closes nothing."""

    def open(self, request: ClusterRequest, progress: Progress) -> Cluster:
        return Cluster.from_json(json.loads(Path(os.environ[CLUSTER_FILE]).read_text()))

    def closing_facts(self) -> dict[str, str]:
        return {}

    def close(self, logs: Path, progress: Progress) -> None:
        """Whoever made the cluster does that."""


@pytest.hookimpl(optionalhook=True)
def pytest_kubeproof_cluster_owner(request: ClusterRequest) -> ClusterOwner:
    return Lodger()
