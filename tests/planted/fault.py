"""A fault, and the live cluster in which it is planted."""

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
from tests.planted.trial.expectation import Expectation

EVERY_MODE = frozenset(Mode)
NAMESPACE = "planted"
"""The namespace of the objects that we create to check whether a fault is in place."""


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
        """The node for faults that affect a single node; cases send from it, and to its node ports."""
        return self.cluster.workers[0]

    @property
    def other_worker(self) -> Node:
        return self.cluster.workers[1]

    @property
    def control_planes(self) -> tuple[Node, ...]:
        return tuple(node for node in self.cluster.nodes if node not in self.cluster.workers)


Plant = Callable[[Site], AbstractContextManager[None]]
"""A function that plants a fault.

The context manager that it returns enters its block once the fault was *observed* in place, and always removes the
fault at the end. A wait that fails in it is an environment error and says nothing about a case, because the cases run
in another process.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One defect. `name` is a statement about the cluster.

    `expect` names the assertions that must fail while the statement is true; if it names several assertions of one
    case, one of them must fail. `bystanders` are related cases that must pass; one that fails shows that the fault
    affects more than it should. `modes` are the proxy modes in which the fault can be planted.
    """

    name: str
    plant: Plant
    expect: tuple[Expectation, ...]
    bystanders: tuple[str, ...]
    modes: frozenset[Mode] = EVERY_MODE

    @property
    def caught_by(self) -> tuple[str, ...]:
        """Return the cases that must detect the fault."""
        return tuple(dict.fromkeys(expected.case for expected in self.expect))

    def expected_of(self, case: str) -> tuple[Expectation, ...]:
        """Return the assertions of the case; one of them must fail."""
        return tuple(expected for expected in self.expect if expected.case == case)
