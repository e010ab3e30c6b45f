"""The plugin of the pytest process that runs the cases: it uses a given cluster and records every failure."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from clusters.cluster import Cluster
from clusters.host.progress import Progress
from harness.plugin.run.owner import ClusterOwner
from harness.plugin.run.request import ClusterRequest
from tests.planted.trial.failure import Failure

CLUSTER_FILE = "KUBEPROOF_PLANTED_CLUSTER"
"""The environment variable with the path of the file that describes the cluster as JSON."""

FAILURES_FILE = "KUBEPROOF_PLANTED_FAILURES"
"""The environment variable with the path of the file for failures, one JSON object per line."""


class NoOpOwner:
    """A cluster owner that neither creates nor removes a cluster."""

    def open(self, request: ClusterRequest, progress: Progress) -> Cluster:
        return Cluster.from_json(Path(os.environ[CLUSTER_FILE]).read_text())

    def closing_facts(self) -> dict[str, str]:
        return {}

    def close(self, logs: Path, progress: Progress) -> None:
        """Do nothing: the outer pytest process removes the cluster."""


@pytest.hookimpl(optionalhook=True)
def pytest_kubeproof_cluster_owner(request: ClusterRequest) -> ClusterOwner:
    return NoOpOwner()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the error of a failed phase, because the results keep only its message and not where it was raised."""
    report = yield
    if report.failed and call.excinfo is not None:
        failure = Failure.of(call.excinfo.value, item.config.rootpath)
        with Path(os.environ[FAILURES_FILE]).open("a") as file:
            file.write(json.dumps({"case": item.nodeid, **failure.as_json()}) + "\n")
    return report
