"""The load generator: Locust in its distributed mode, with the master in a local process and the workers in pods."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from clusters.cluster import Node
from harness.kube.client import Kube
from harness.load.background import in_background
from harness.load.master import Master, running_master
from harness.load.plan import LoadPlan, LoadResult
from harness.load.workers import worker_pods

ALLOWANCE_S = 120.0
"""Time added to a plan's duration for workers to connect and for the results to be merged."""

DISCARD_PORT = 9


@dataclass(slots=True)
class LoadGenerator:
    """Runs load plans, one after the other, from pods on one node."""

    kube: Kube
    master: Master
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, plan: LoadPlan, begun: Callable[[], None] = lambda: None) -> LoadResult:
        """Run `plan` and return its result; call `begun` when the load starts.

        Raises `Refused` for a target outside the cluster and `WorldError` if Locust fails.
        """
        plan.require_within(self.kube.cluster)
        limit_s = plan.duration_s + plan.baseline_s + ALLOWANCE_S
        record = self.master.run_plan(plan.as_record(next(self._numbers)), limit_s, begun)
        return LoadResult.from_record(record, plan.block_s)

    @contextmanager
    def running(self, plan: LoadPlan) -> Iterator[Future[LoadResult]]:
        """Run `plan` in the background while the block runs.

        The block starts once the load has started, and the end of the block waits for the end of the load.
        """
        begun = Event()
        with in_background(lambda: self.run(plan, begun.set)) as running:
            running.add_done_callback(lambda _: begun.set())  # do not wait forever if the load never starts
            begun.wait()
            yield running


@contextmanager
def load_generator(kube: Kube, namespace: str, node: Node, *, workers: int = 1) -> Iterator[LoadGenerator]:
    """Yield a generator whose workers run on `node`.

    The master ends with the block; the worker pods are deleted with their namespace.
    """
    address = address_towards(node.address)
    with running_master(address, workers) as master:
        name, image = f"load-{node.name[-40:]}", kube.cluster.images.load
        manifests = worker_pods(image, name, node=node.name, workers=workers, master=(address, master.port))
        kube.create(namespace, *manifests)
        yield LoadGenerator(kube, master)


def address_towards(peer: str) -> str:
    """Return the local source address of packets to `peer`, at which `peer` can reach this process."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, DISCARD_PORT))  # selects a route; sends nothing
        return str(probe.getsockname()[0])
