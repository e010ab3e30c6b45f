"""What a load pod shall send, and what came of it: plain records either side of the JSON between."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Self

from clusters.cluster import Cluster
from clusters.errors import Refused


@dataclass(frozen=True, slots=True)
class Target:
    """An address and port to connect to, under a name of ours."""

    label: str
    address: str
    port: int


def require_within(cluster: Cluster, *targets: Target) -> None:
    """Raises `Refused` if a target lies outside the cluster's Service, pod and node addresses."""
    networks = [ip_network(cluster.service_cidr), ip_network(cluster.pod_cidr)]
    nodes = {node.address for node in cluster.nodes}
    for target in targets:
        if target.address not in nodes and not any(ip_address(target.address) in net for net in networks):
            raise Refused(f"target {target.label} at {target.address} is not an address of cluster {cluster.name}")


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Open arrivals at `rate_per_s` over all targets together for `duration_s`, in blocks of `block_s`.

    Before it, for `floor_s`, the same users connect to a listener of the pod's own: the generator's floor.
    """

    targets: tuple[Target, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    block_s: float = 1.0
    floor_s: float = 3.0
    timeout_s: float = 2.0

    def require_within(self, cluster: Cluster) -> None:
        """Raises `Refused` if a target lies outside the cluster's Service, pod and node addresses."""
        require_within(cluster, *self.targets)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class TargetBlocks:
    """One target's samples: an encoded histogram a block for each clock, and what is not in them.

    `errors` counts connections that failed by the words of their failure.
    """

    kernel: tuple[str, ...]
    wall: tuple[str, ...]
    corrected: tuple[str, ...]
    errors: dict[str, int]
    retransmitted: int

    @classmethod
    def from_json(cls, blocks: list[dict[str, Any]]) -> Self:
        return cls(
            kernel=tuple(block["kernel"] for block in blocks),
            wall=tuple(block["wall"] for block in blocks),
            corrected=tuple(block["corrected"] for block in blocks),
            errors=dict(sum((Counter(block["errors"]) for block in blocks), Counter())),
            retransmitted=sum(block["retransmitted"] for block in blocks),
        )


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a plan. `cpu_share` is the generator's processor time over wall time, 1.0 a whole core."""

    planned: int
    sent: int
    late: int
    cpu_share: float
    targets: dict[str, TargetBlocks]
    floor: TargetBlocks

    @classmethod
    def from_json(cls, text: str) -> Self:
        doc = json.loads(text)
        return cls(
            planned=doc["planned"],
            sent=doc["sent"],
            late=doc["late"],
            cpu_share=doc["cpu_share"],
            targets={label: TargetBlocks.from_json(blocks) for label, blocks in doc["targets"].items()},
            floor=TargetBlocks.from_json(doc["floor"]["targets"]["floor"]),
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """What speaks against the numbers of the wall clock."""
        found = []
        if self.sent < self.planned:
            found.append(f"saturated: {self.planned - self.sent} of {self.planned} planned connections never started")
        if self.late > 0.01 * self.planned:
            found.append(f"late: {self.late} of {self.planned} connections started more than 5 ms after their time")
        if self.cpu_share > 0.5:
            found.append(f"generator used {self.cpu_share:.0%} of a core")
        return tuple(found)
