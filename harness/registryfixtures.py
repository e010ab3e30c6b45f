"""The fixture of cases that pull images: a registry of their own, and nodes that know it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusters.cluster import Cluster
from harness.kube.nodeshell import NodeShell
from harness.registry.nodes import nodes_know
from harness.registry.server import Registry


@pytest.fixture
def registry(cluster: Cluster, node_shell: NodeShell, namespace: str) -> Iterator[Registry]:
    """An empty registry beside the cluster, on its container network. Its name is unique to the case."""
    if cluster.network is None:
        pytest.skip("an existing cluster has no container network on which a registry could be")
    host = f"registry.{namespace}.test"
    with Registry(cluster, cluster.network, host) as found, nodes_know(node_shell, cluster.nodes, host, found.url):
        yield found
