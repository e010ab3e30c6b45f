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
from harness.outside import OutsideClient
from tests.planted.fault import Site

INTERVAL_S = 0.2
SEEN_DEADLINE_S = 30.0


@contextmanager
def pods_routed(site: Site) -> Iterator[None]:
    """Whatever stands beside the cluster gets a route to its pods, as from a router that announces it."""
    cluster, network, enough = site.cluster, site.cluster.network, threading.Event()
    assert network is not None, "an existing cluster has no container network"
    nodes = {node.name for node in cluster.nodes}
    route = ["ip", "route", "replace", cluster.pod_cidr, "via", site.worker.address]

    def announce() -> None:
        engine = docker.from_env()
        while not enough.wait(INTERVAL_S):
            for container in engine.containers.list(filters={"network": network}, ignore_removed=True):
                if container.name not in nodes:
                    _run(container, route)

    with ThreadPoolExecutor(1) as background:
        announcing = background.submit(announce)
        try:
            with OutsideClient(cluster.name, network, cluster.images.outside) as client:
                wait_until(
                    f"a route to {cluster.pod_cidr} in a container beside cluster {cluster.name}",
                    lambda: client.run("ip", "route", "show", cluster.pod_cidr).stdout,
                    lambda routes: site.worker.address in routes,
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
