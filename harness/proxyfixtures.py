"""The fixture of cases that ask or change kube-proxy itself."""

from __future__ import annotations

import pytest

from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.proxies import Proxies


@pytest.fixture(scope="session")
def proxies(kube: Kube, shell: ProxyShell) -> Proxies:
    """Every node's kube-proxy."""
    return Proxies(kube, shell)
