"""The load generator: Locust in its own distributed mode, a master beside the run and workers in pods."""

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
from harness.load.background import beside
from harness.load.master import Master, running_master
from harness.load.plan import LoadPlan, LoadResult
from harness.load.workers import worker_pods

ALLOWANCE_S = 120.0
"""For workers to arrive, and for what comes of a plan to be put together."""

DISCARD_PORT = 9


@dataclass(slots=True)
class LoadGenerator:
    """Works off plans, one after the other, from pods on one node."""

    kube: Kube
    master: Master
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, plan: LoadPlan, begun: Callable[[], None] = lambda: None) -> LoadResult:
        """Work off `plan`; `begun` is called when it has begun.

        Raises `Refused` for a target elsewhere, `WorldError` if Locust fails.
        """
        plan.require_within(self.kube.cluster)
        limit_s = plan.duration_s + plan.baseline_s + ALLOWANCE_S
        return LoadResult.from_record(self.master.tell(plan.as_record(next(self._numbers)), limit_s, begun))

    @contextmanager
    def running(self, plan: LoadPlan) -> Iterator[Future[LoadResult]]:
        """Work off `plan` while the block makes its changes: it has begun when the block does, and the block's end
        waits for its own."""
        begun = Event()
        with beside(lambda: self.run(plan, begun.set)) as running:
            running.add_done_callback(lambda _: begun.set())  # also if it never begins
            begun.wait()
            yield running


@contextmanager
def load_generator(kube: Kube, namespace: str, node: Node, *, workers: int = 1) -> Iterator[LoadGenerator]:
    """A generator whose workers are on `node`; they go with their namespace, the master with the block."""
    address = address_towards(node.address)
    with running_master(address, workers) as master:
        name, image = f"load-{node.name[-40:]}", kube.cluster.images.load
        manifests = worker_pods(image, name, node=node.name, workers=workers, master=(address, master.port))
        kube.create(namespace, *manifests)
        yield LoadGenerator(kube, master)


def address_towards(peer: str) -> str:
    """Our own address in the eyes of `peer`, where it can find us."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, DISCARD_PORT))  # chooses a route; nothing is sent
        return str(probe.getsockname()[0])
