"""Faults become tests: one each, those of the cluster's mode, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.cluster import Cluster
from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.nodes.shell import NodeShell
from harness.run.stash import CLUSTER
from tests.planted.fault import Fault, Site
from tests.planted.faults import FAULTS, proxy
from tests.planted.health import faults_namespace
from tests.planted.trial import blaming_the_world


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proxy: a fault of kube-proxy, which each mode has in a form of its own")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" not in metafunc.fixturenames:
        return
    cluster = metafunc.config.stash.get(CLUSTER, None)
    faults = [fault for fault in FAULTS if cluster is None or cluster.mode in fault.modes]
    metafunc.parametrize("fault", [pytest.param(fault, id=fault.name, marks=_marks(fault)) for fault in faults])


def _marks(fault: Fault) -> list[pytest.MarkDecorator]:
    return [pytest.mark.proxy] if fault in proxy.FAULTS else []


@pytest.fixture(scope="session")
def site(
    cluster: Cluster, kube: Kube, node_shell: NodeShell, shell: ProxyShell, dataplane: DataPlane
) -> Iterator[Site]:
    """The cluster, with a namespace of our own."""
    if cluster.network is None:
        pytest.skip("faults are planted in clusters of our own only")
    site = Site(cluster, kube, node_shell, shell, dataplane)
    with blaming_the_world("the namespace of planted faults"), faults_namespace(site):
        yield site


@pytest.fixture
def cases_directory(run_directory: Path, fault: Fault) -> Path:
    """Where the cases' own run leaves its files."""
    return run_directory / "planted" / fault.name.replace(" ", "-").replace(",", "")
