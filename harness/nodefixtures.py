"""Fixtures of cases that change nodes or the control plane; everything is put back at the case's end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusters.cluster import Cluster
from clusters.provider import ClusterProvider
from harness.fixtures import ManifestReader
from harness.kube.client import Kube
from harness.kube.controlplane import ControlPlane
from harness.kube.etcd import Etcd
from harness.kube.nodes import NodeChanger
from harness.kube.nodeshell import NodeServices, NodeShell, NodeUplinks, ProviderNodeShell, StaticPods
from harness.kube.wait import Waits
from harness.kube.witness import SchedulerWitness


@pytest.fixture
def change_node(kube: Kube, waits: Waits, namespace: str) -> Iterator[NodeChanger]:
    """Label, taint and cordon nodes."""
    with NodeChanger(kube, SchedulerWitness(kube, waits, namespace)) as changer:
        yield changer


@pytest.fixture(scope="session")
def node_shell(provider: ClusterProvider, cluster: Cluster) -> NodeShell:
    """Programs on nodes."""
    return ProviderNodeShell(provider, cluster)


@pytest.fixture
def node_services(node_shell: NodeShell) -> NodeServices:
    """Stop a node's services."""
    return NodeServices(node_shell)


@pytest.fixture
def uplinks(node_shell: NodeShell) -> NodeUplinks:
    """Cut nodes off."""
    return NodeUplinks(node_shell)


@pytest.fixture
def static_pods(node_shell: NodeShell, read_manifest: ManifestReader) -> Iterator[StaticPods]:
    """Put static pods on nodes."""
    with StaticPods(node_shell, read_manifest) as pods:
        yield pods


@pytest.fixture
def control_plane(kube: Kube, cluster: Cluster, node_shell: NodeShell) -> ControlPlane:
    """Stop components of the control plane."""
    if cluster.network is None:
        pytest.skip("nodes of an existing cluster are reached through its control plane, which could not be put back")
    return ControlPlane(kube, node_shell)


@pytest.fixture
def etcd(cluster: Cluster, node_shell: NodeShell) -> Etcd:
    """Look at what is stored."""
    if cluster.network is None:
        pytest.skip("where an existing cluster keeps its objects is out of our reach")
    return Etcd(node_shell, cluster)
