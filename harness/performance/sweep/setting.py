"""The plan of a sweep and the objects it works with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clusters.cluster import Node
from clusters.spec import Mode
from harness.dataplane.reader import ServiceAddress
from harness.dataplane.untracked import UntrackedPaths
from harness.load.generator import LoadGenerator
from harness.performance.access import ClusterAccess
from harness.performance.rule_chain import RuleChain


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The numbers of Services of a sweep, in order, and how each step is measured.

    With `aa_pairs`, each position is measured under two labels. Each step lasts `duration_s` seconds, the one with the
    most Services at least `longest_s`: it decides whether the first packet depends on their number.
    """

    services: tuple[int, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    aa_pairs: bool = False
    longest_s: float = 0.0

    def at(self, services: int) -> SweepPlan:
        """Return the plan with the duration of the step at that number of Services."""
        least_s = self.longest_s if services == max(self.services) else 0.0
        return replace(self, duration_s=max(self.duration_s, least_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrigin:
    """The load generator of a sweep, its node, and the mode of that node's kube-proxy."""

    generator: LoadGenerator
    node: Node
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTargets:
    """The Services to which a sweep connects.

    `service_addresses`, in order of age, lead to a pod of Deployment `backend` on `backend_node`, another node than the
    generator's. `same_node` leads to a pod on the generator's node. `control` is a second server in the backend's pod,
    to which no Service leads.
    """

    service_addresses: tuple[ServiceAddress, ...]
    same_node: ServiceAddress
    backend: str
    backend_node: Node
    control: ServiceAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSetting:
    """What a sweep works with: a cluster, a namespace of its own, the origin of the load and its targets.

    With `untracked` paths, each step also measures the control. If there is a `chain`, it is measured at the same time
    as each step to calibrate the cost per rule.
    """

    access: ClusterAccess
    namespace: str
    origin: LoadOrigin
    targets: SweepTargets
    chain: RuleChain | None = None
    untracked: UntrackedPaths | None = None
