"""Fixtures of cases that need resource metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kube.client import Kube
from harness.kube.metrics import MetricsServer
from harness.run.lock import run_lock

LOCK = "metrics.lock"


@pytest.fixture
def metrics(kube: Kube, run_directory: Path) -> Iterator[MetricsServer]:
    """metrics-server, seen to serve as long as the case lasts; a cluster without it skips the case."""
    with run_lock(run_directory / LOCK, exclusive=False):
        yield _serving(kube)


@pytest.fixture
def own_metrics(kube: Kube, run_directory: Path) -> Iterator[MetricsServer]:
    """metrics-server, which no other case needs meanwhile: one that may be stopped."""
    with run_lock(run_directory / LOCK, exclusive=True):
        yield _serving(kube)


def _serving(kube: Kube) -> MetricsServer:
    server = MetricsServer(kube)
    reason = server.why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    return server
