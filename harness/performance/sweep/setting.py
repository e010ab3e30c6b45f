"""What a sweep does, and where it takes place."""

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
    """Numbers of Services in their order, and how each is measured; with `twins`, each position under two names.

    Each step lasts `duration_s`; steps in which medians are not known by then go on, none longer than that once more.
    All together they do so for `spare_s`, each for its part of what is left of it.
    """

    services: tuple[int, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    twins: bool = False
    spare_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SweepSetting:
    """Where a sweep takes place: the generator, its node and that node's mode, and the fronts of the target Services.

    `service_addresses`, by age, lead to pods of Deployment `backend` on another node, `near` beside the generator. A `chain` of
    rules as kube-proxy's is walked beside each step.
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
    near: ServiceAddress
    chain: RuleChain | None = None
