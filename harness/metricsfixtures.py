"""Fixtures of cases that need resource metrics."""

from __future__ import annotations

import pytest

from harness.kube.client import Kube
from harness.kube.metrics import MetricsServer


@pytest.fixture
def metrics(kube: Kube) -> MetricsServer:
    """metrics-server, seen to serve; a cluster without it skips the case."""
    server = MetricsServer(kube)
    reason = server.why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    return server
