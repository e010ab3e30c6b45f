"""One test per fault that can be planted in the cluster's proxy mode."""

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
from tests.planted.trial.trial import raising_environment_errors


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proxy: a fault of kube-proxy, which is planted differently in each proxy mode")


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
    """Yield the cluster, with a namespace for our own objects."""
    if cluster.network is None:
        pytest.skip("faults are planted only in clusters that the harness created, and this one is an existing cluster")
    site = Site(cluster, kube, node_shell, shell, dataplane)
    with raising_environment_errors("the namespace of planted faults"), faults_namespace(site):
        yield site


@pytest.fixture
def cases_directory(run_directory: Path, fault: Fault) -> Path:
    """Return the directory for the files of the cases' own run."""
    return run_directory / "planted" / fault.name.replace(" ", "-").replace(",", "")
