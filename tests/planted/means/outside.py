"""Defects of the container network of the cluster."""

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
    """Give every container in the cluster's network, except the nodes, routes to the pods of every node.

    This is the effect of a router that knows the pod CIDR of each node.
    """
    cluster, network, stop = site.cluster, site.cluster.network, threading.Event()
    assert network is not None, f"cluster {cluster.name} is an existing cluster, without a container network"
    nodes = {node.name for node in cluster.nodes}
    routes = [["ip", "route", "replace", pods_of(site, node), "via", node.address] for node in cluster.nodes]

    def add_routes() -> None:
        engine = docker.from_env()
        while not stop.wait(INTERVAL_S):
            for container in engine.containers.list(filters={"network": network}, ignore_removed=True):
                if container.name not in nodes:
                    for route in routes:
                        _run(container, route)

    with ThreadPoolExecutor(1) as background:
        adding = background.submit(add_routes)
        try:
            with OutsideClient(cluster.name, network, cluster.images.outside) as client:
                wait_until(
                    f"routes to the pods of every node in a container in the network of cluster {cluster.name}",
                    lambda: client.run("ip", "route", "show").stdout,
                    lambda found: all(f"via {node.address} " in found for node in cluster.nodes),
                    deadline_s=SEEN_DEADLINE_S,
                )
            yield
        finally:
            stop.set()
        adding.result()


def _run(container: Container, command: list[str]) -> None:
    try:
        container.exec_run(command)
    except APIError:
        return  # the container has stopped since it was listed
