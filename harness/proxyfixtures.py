"""Fixtures of cases that ask or change kube-proxy itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusters.cluster import Cluster
from clusters.spec import Mode
from harness.dataplane.ipvs import IpvsDataPlane
from harness.dataplane.ipvskernel import why_no_ipvs
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.proxies import Proxies


@pytest.fixture(scope="session")
def proxies(kube: Kube, shell: ProxyShell) -> Proxies:
    """Every node's kube-proxy."""
    return Proxies(kube, shell)


@pytest.fixture
def ipvs_dataplane(cluster: Cluster, shell: ProxyShell, proxies: Proxies) -> Iterator[IpvsDataPlane]:
    """What the kernels hold in ipvs mode, in which every kube-proxy runs as long as the case lasts.

    In a cluster of another mode each is put into it and back, so that what is said of ipvs is decided there as well.
    A kernel without ip_vs skips the case; a node that only lacks the tools to read it is an environment error.
    """
    if cluster.mode is Mode.IPVS:
        yield IpvsDataPlane(shell)
        return
    if not cluster.owned:
        pytest.skip(f"it puts every kube-proxy into ipvs mode, and cluster {cluster.name} is not ours")
    if (reason := why_no_ipvs(shell, cluster.nodes[0])) is not None:
        pytest.skip(f"it is about ipvs mode, and {reason}")
    with proxies.changing(cluster.nodes, "mode") as set_mode:
        set_mode(str(Mode.IPVS))
        yield IpvsDataPlane(shell)
