"""Fixtures of the cluster's edge: load balancers and Ingress controllers, there when a case first asks for one.

What runs in the cluster is not removed at the end: the cluster is, and a kept one serves the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Protocol

import pytest

from clusters.addons.guard import UPLINK
from clusters.addons.metallb import NAMESPACE as METALLB_NAMESPACE
from clusters.addons.metallb import Pools, given_address, metallb, probe
from clusters.addons.traefik import NAME as TRAEFIK
from clusters.addons.traefik import PING_PATH, traefik
from clusters.cluster import Cluster, Node
from harness.dataplane.reader import DataPlane, ServicePort
from harness.edge.balancer import LoadBalancer
from harness.edge.haproxy import HaProxy, configuration
from harness.edge.ingress import IngressController
from harness.kube.addons import install
from harness.kube.client import Kube
from harness.kube.kinds import path_of
from harness.kube.nodeshell import NodeShell
from harness.kube.wait import Waits, wait_until
from harness.outside import OutsideClient
from harness.run.lock import run_lock

WORKING_DEADLINE_S = 60.0


class HaProxyMaker(Protocol):
    """Puts HAProxy before a node port of all nodes, and waits until it uses those of `nodes`.

    A node is used while its `health_port` answers with 200.
    """

    def __call__(self, node_port: int, health_port: int, nodes: tuple[Node, ...]) -> HaProxy: ...


@pytest.fixture(scope="session")
def load_balancer(
    cluster: Cluster, kube: Kube, waits: Waits, node_shell: NodeShell, run_directory: Path
) -> LoadBalancer:
    """MetalLB, seen to give an address."""
    _require_own_edge(cluster, "MetalLB")
    pools = Pools.of(_network(node_shell, cluster.nodes[0]))
    images = cluster.images
    with run_lock(run_directory / "metallb.lock", exclusive=True):
        install(kube, waits, metallb(images.metallb_controller, images.metallb_speaker, pools))
        _wait_gives_addresses(kube)
    return LoadBalancer(kube, node_shell, pools)


@pytest.fixture(scope="session")
def ingress_controller(
    cluster: Cluster, kube: Kube, waits: Waits, dataplane: DataPlane, run_directory: Path
) -> IngressController:
    """Traefik, seen to answer, and reached by every node's kernel."""
    _require_own_edge(cluster, "Traefik")
    with run_lock(run_directory / "traefik.lock", exclusive=True):
        install(kube, waits, traefik(cluster.images.traefik))
    (pod,) = waits.wait_pods_ready(TRAEFIK, f"app={TRAEFIK}", 1)
    service = kube.get(f"/api/v1/namespaces/{TRAEFIK}/services/{TRAEFIK}")
    node_port = next(port["nodePort"] for port in service["spec"]["ports"] if port["name"] == "web")
    for node in cluster.nodes:
        wait_until(
            f"the way to Traefik in the kernel of node {node.name}",
            lambda node=node: dataplane.service(node, ServicePort(node.address, node_port)),  # type: ignore[misc]
            lambda state: bool(state.backends),
            deadline_s=WORKING_DEADLINE_S,
        )
    assert kube.text(PING_PATH) == "OK"
    home = next(node for node in cluster.nodes if node.name == pod["spec"]["nodeName"])
    return IngressController(home, node_port)


@pytest.fixture
def make_haproxy(cluster: Cluster, outside_client: OutsideClient) -> Iterator[HaProxyMaker]:
    """HAProxy outside the cluster, in front of its nodes."""
    with ExitStack() as undo:

        def make(node_port: int, health_port: int, nodes: tuple[Node, ...]) -> HaProxy:
            assert cluster.network is not None, "outside_client skips where there is none"
            settings = configuration(cluster.nodes, node_port, health_port)
            made = undo.enter_context(HaProxy(cluster.name, cluster.network, cluster.images.haproxy, settings))
            made.wait_used(outside_client, frozenset(node.name for node in nodes))
            return made

        yield make


def _require_own_edge(cluster: Cluster, what: str) -> None:
    if cluster.network is None:
        pytest.skip(f"{what} is not put into existing cluster {cluster.name}, and its own edge is out of our reach")


def _network(shell: NodeShell, node: Node) -> IPv4Network:
    """The cluster's container network, as a node sees it."""
    listing = shell.run(node, "ip", "-oneline", "-4", "address", "show", "dev", UPLINK)
    return IPv4Interface(listing.split()[3]).network


def _wait_gives_addresses(kube: Kube) -> None:
    """The balancer gives an address to a Service that has no other purpose."""
    asking = probe()
    path = path_of(METALLB_NAMESPACE, asking)
    kube.apply(METALLB_NAMESPACE, asking)
    wait_until(
        f"an address from MetalLB in cluster {kube.cluster.name}",
        lambda: given_address(kube.get(path)),
        lambda address: address is not None,
        deadline_s=WORKING_DEADLINE_S,
    )
    kube.delete(METALLB_NAMESPACE, asking)
