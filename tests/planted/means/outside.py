"""Defects of the network that the cluster stands in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import docker
from docker.errors import APIError
from docker.models.containers import Container

from harness.kube.wait import wait_until
from harness.traffic.outside import OutsideClient
from tests.planted.fault import Site
from tests.planted.means.kernel import pods_of

INTERVAL_S = 0.2
SEEN_DEADLINE_S = 30.0


@contextmanager
def pods_routed(site: Site) -> Iterator[None]:
    """Whatever stands beside the cluster gets routes to its pods, as from a router that knows every node's."""
    cluster, network, enough = site.cluster, site.cluster.network, threading.Event()
    assert network is not None, "an existing cluster has no container network"
    nodes = {node.name for node in cluster.nodes}
    routes = [["ip", "route", "replace", pods_of(site, node), "via", node.address] for node in cluster.nodes]

    def announce() -> None:
        engine = docker.from_env()
        while not enough.wait(INTERVAL_S):
            for container in engine.containers.list(filters={"network": network}, ignore_removed=True):
                if container.name not in nodes:
                    for route in routes:
                        _run(container, route)

    with ThreadPoolExecutor(1) as background:
        announcing = background.submit(announce)
        try:
            with OutsideClient(cluster.name, network, cluster.images.outside) as client:
                wait_until(
                    f"routes to every node's pods in a container beside cluster {cluster.name}",
                    lambda: client.run("ip", "route", "show").stdout,
                    lambda found: all(f"via {node.address} " in found for node in cluster.nodes),
                    deadline_s=SEEN_DEADLINE_S,
                )
            yield
        finally:
            enough.set()
        announcing.result()


def _run(container: Container, command: list[str]) -> None:
    try:
        container.exec_run(command)
    except APIError:
        return  # it has ended since it was listed
