"""What a fault is, and what it gets to plant itself with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from clusters.cluster import Cluster, Node
from clusters.spec import Mode
from harness.dataplane.reader import DataPlane
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.nodes.shell import NodeShell
from tests.planted.expectation import Expectation

EVERY_MODE = frozenset(Mode)
NAMESPACE = "planted"
"""Our own in the cluster: what we make to see whether a fault is in place lives there."""


@dataclass(frozen=True, slots=True)
class Site:
    """The live cluster: its API server, its nodes, and the kernels that hold the proxies' rules."""

    cluster: Cluster
    kube: Kube
    nodes: NodeShell
    proxies: ProxyShell
    dataplane: DataPlane

    @property
    def worker(self) -> Node:
        """The node of faults that have one; cases send from it, and to its node ports."""
        return self.cluster.workers[0]

    @property
    def other_worker(self) -> Node:
        return self.cluster.workers[1]

    @property
    def control_planes(self) -> tuple[Node, ...]:
        return tuple(node for node in self.cluster.nodes if node not in self.cluster.workers)


Plant = Callable[[Site], AbstractContextManager[None]]
"""Plants a fault and returns when it was *seen* in place; takes it away at the end, whatever happened.

A wait that fails, before or after, is an error of the world: no case is on trial in this process.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One defect. `name` is a statement about the cluster.

    `expect` names the assertions that must fail while it is true; of a case that is named with several, one must.
    `bystanders` must pass: neighbours that a fault of too wide an effect would hit. `modes` are those that it
    can be planted in.
    """

    name: str
    plant: Plant
    expect: tuple[Expectation, ...]
    bystanders: tuple[str, ...]
    modes: frozenset[Mode] = EVERY_MODE

    @property
    def caught_by(self) -> tuple[str, ...]:
        """The cases that have to notice it."""
        return tuple(dict.fromkeys(expected.case for expected in self.expect))

    def expected_of(self, case: str) -> tuple[Expectation, ...]:
        """The assertions of the case of which one must fail."""
        return tuple(expected for expected in self.expect if expected.case == case)
