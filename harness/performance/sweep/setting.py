"""The plan of a sweep and the objects it works with."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.cluster import Node
from clusters.spec import Mode
from harness.dataplane.proxies import Proxies
from harness.dataplane.reader import DataPlane, ServiceAddress
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.load.generator import LoadGenerator
from harness.performance.rule_chain import RuleChain


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The numbers of Services of a sweep, in order, and how each step is measured.

    With `aa_pairs`, each position is measured under two labels. Each step lasts `duration_s` seconds. A step whose
    medians are not known precisely enough by then is extended, to at most twice its duration. All extensions together
    take at most `spare_s` seconds; each step may use an equal share of what is left.
    """

    services: tuple[int, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    aa_pairs: bool = False
    spare_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SweepSetting:
    """The objects that a sweep works with: the generator, its node, that node's mode, and the target Services.

    `service_addresses`, in order of age, lead to pods of Deployment `backend` on another node. `same_node` leads to a
    pod on the generator's node. If there is a `chain`, it is measured at the same time as each step to calibrate the
    cost per rule.
    """

    kube: Kube
    etcd: Etcd | None
    mode: Mode
    dataplane: DataPlane
    proxies: Proxies
    shell: ProxyShell
    namespace: str
    generator: LoadGenerator
    load_node: Node
    backend: str
    service_addresses: tuple[ServiceAddress, ...]
    same_node: ServiceAddress
    chain: RuleChain | None = None
