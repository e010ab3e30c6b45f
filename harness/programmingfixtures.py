"""The fixtures of cases that measure how long changes take to arrive."""

from __future__ import annotations

import pytest

from clusters.cluster import Cluster
from clusters.spec import Substrate
from harness.fixtures import ClientMaker
from harness.kube.client import Kube
from harness.programming.probes import Probers

NUMBERS = {Substrate.HOST: (0, 1000, 10000), Substrate.UML: (0, 1000)}
"""Of Services; a guest of user-mode Linux takes minutes to program thousands."""


@pytest.fixture
def probers(cluster: Cluster, kube: Kube, namespace: str, make_client: ClientMaker) -> Probers:
    """A pod on every node that tries addresses."""
    pods = {
        node.name: make_client(f"prober-{number}", node=node).name for number, node in enumerate(cluster.nodes, start=1)
    }
    return Probers(kube, namespace, pods)


@pytest.fixture
def programming_services(cluster: Cluster, pytestconfig: pytest.Config) -> tuple[int, ...]:
    """The numbers of Services at which changes are made, up to the most that were asked for."""
    most = pytestconfig.getoption("most_services")
    return tuple(services for services in NUMBERS[cluster.substrate] if services <= most)
