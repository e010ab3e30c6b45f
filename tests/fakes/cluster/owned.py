"""Fake cluster owner, nodes and result writer for runs of pytest within tests.

They record their calls in files, because they run in another process than the test.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clusters.cluster import Cluster, Node, Role
from clusters.errors import ClusterNotReady, ImageUnavailable
from clusters.host.progress import Progress
from clusters.spec import Mode, Source, Substrate
from harness.plugin.run.request import ClusterRequest
from reports.model import RunResults, results_to_json
from reports.schema import require_contract
from tests.fakes.host.images import CASE_IMAGES

TRACE = Path("owner.log")
PULLED = Path("pulled.log")
"""A file with a line for each request for images."""


def trace(line: str) -> None:
    with TRACE.open("a") as log:
        log.write(f"{line} {os.getpid()}\n")


class TracingOwner:
    """A cluster owner without a cluster, which records its calls in `TRACE`."""

    def open(self, request: ClusterRequest, progress: Progress) -> Cluster:
        trace("open")
        progress.step("making a cluster")
        if os.environ.get("KUBEPROOF_TEST_UNFIT"):
            raise ClusterNotReady("cluster x: no nodes", remedy="look", detail="the whole story")
        return fake_cluster()

    def closing_facts(self) -> dict[str, str]:
        return {"guard": "none"}

    def close(self, logs: Path, progress: Progress) -> None:
        trace("close")


class ResultsFile:
    """A plugin that writes the results of the last `pytest_kubeproof_results` call to results.json."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_kubeproof_results(self, results: RunResults, directory: Path) -> None:
        text = results_to_json(results)
        require_contract(text)
        Path("results.json").write_text(text)


def fake_cluster() -> Cluster:
    return Cluster(
        name="kubeproof-fake",
        mode=Mode.NFTABLES,
        source=Source.BUILT,
        substrate=Substrate.HOST,
        kubernetes="1.37.2",
        kubeconfig=Path("kubeconfig"),
        context="fake",
        nodes=(Node("node", Role.CONTROL_PLANE, "172.18.0.2"), Node("worker", Role.WORKER, "172.18.0.3")),
        service_cidr="10.96.0.0/16",
        pod_cidr="10.244.0.0/16",
        network="kubeproof-fake",
        images=CASE_IMAGES,
        owned=True,
        environment={"nft": "1.0.6"},
    )


class PullingNodes:
    """Nodes that record requests for images. One of them cannot pull the image named by KUBEPROOF_TEST_UNPULLABLE."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_kubeproof_require_images(self, cluster: Cluster, images: frozenset[str], progress: Progress) -> bool:
        with PULLED.open("a") as log:
            log.write(f"{','.join(sorted(images))}\n")
        missing = os.environ.get("KUBEPROOF_TEST_UNPULLABLE")
        if missing in images:
            raise ImageUnavailable(
                f"node worker cannot pull image {missing}", remedy="push it", detail="the whole story"
            )
        return True
