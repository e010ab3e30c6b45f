"""What Locust's workers shall send, and what came of it: plain records either side of the JSON between."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any, Self

from clusters.cluster import Cluster
from clusters.errors import Refused
from harness.statistics.histogram import merge

LATE_SHARE = 0.01
BUSY_SHARE = 0.5


class RequestKind(StrEnum):
    """What is exchanged with a target: `processes/kubeproof_load/exchanges.py` says of each what it measures."""

    FIRST_PACKET = "first_packet"
    HTTP_NEW = "http_new"
    HTTP_KEPT = "http_kept"
    UDP = "udp"
    DNS = "dns"


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

    Before it, for `baseline_s`, the same users exchange the same with a server of their own pod: the generator's floor.
    Or, with `baseline_among_targets` and no `baseline_s`, that server is one more among the targets, block by block.
    `detail` is the path of an HTTP request, the words of a datagram or the name to look up.
    """

    targets: tuple[Target, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    request_kind: RequestKind = RequestKind.FIRST_PACKET
    detail: str = ""
    block_s: float = 1.0
    baseline_s: float = 3.0
    baseline_among_targets: bool = False
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        if self.baseline_among_targets and self.baseline_s:
            raise ValueError("a floor among the targets has blocks of its own, and none before: floor_s must be 0")

    def require_within(self, cluster: Cluster) -> None:
        """Raises `Refused` if a target lies outside the cluster's Service, pod and node addresses."""
        require_within(cluster, *self.targets)

    @property
    def rate_of_target_per_s(self) -> float:
        """What of the rate is each target's."""
        return self.rate_per_s / (len(self.targets) + self.baseline_among_targets)

    def as_record(self, number: int) -> dict[str, Any]:
        """What the master is told; `number` tells its plans apart."""
        return {**asdict(self), "request_kind": str(self.request_kind), "number": number}


@dataclass(frozen=True, slots=True)
class Block:
    """The exchanges with one target that were meant to start in one block of time.

    A clock's histogram is encoded, and empty where the clock has nothing to tell. `errors` counts exchanges that failed
    by the words of their failure; `retransmitted` those whose SYN was sent more than once. Both are in no histogram.
    """

    number: int
    kernel: str = ""
    wall: str = ""
    corrected: str = ""
    errors: dict[str, int] = field(default_factory=dict)
    retransmitted: int = 0


@dataclass(frozen=True, slots=True)
class TargetBlocks:
    """One target's samples, block by block in the order of time."""

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, told: Iterable[Block]) -> Self:
        """Blocks as workers tell of them: what several tell of one block is put together."""
        by_number: dict[int, list[Block]] = {}
        for block in told:
            by_number.setdefault(block.number, []).append(block)
        return cls(tuple(_together(by_number[number]) for number in sorted(by_number)))

    def histograms(self, clock: str) -> tuple[str, ...]:
        """One encoded histogram for each block in which that clock has told something."""
        return tuple(text for text in (getattr(block, clock) for block in self.blocks) if text)

    @property
    def errors(self) -> dict[str, int]:
        return dict(sum((Counter(block.errors) for block in self.blocks), Counter()))

    @property
    def retransmitted(self) -> int:
        return sum(block.retransmitted for block in self.blocks)


def _together(told: list[Block]) -> Block:
    if len(told) == 1:
        return told[0]
    clocks = {
        clock: merge(text for text in texts if text) if any(texts) else ""
        for clock in ("kernel", "wall", "corrected")
        for texts in [[getattr(block, clock) for block in told]]
    }
    return Block(
        told[0].number,
        **clocks,
        errors=dict(sum((Counter(block.errors) for block in told), Counter())),
        retransmitted=sum(block.retransmitted for block in told),
    )


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a plan.

    `missed` exchanges were never begun because the generator was too far behind, `late` ones were begun more than 5 ms
    after their moment; `cpu_share` is the processor time of the busiest worker over wall time, 1.0 a whole core;
    `lost` workers have not told how they ended. The first block began at `began_s`, in seconds since 1970 by the clock
    of the workers' node.
    """

    planned: int
    missed: int
    late: int
    cpu_share: float
    lost: int
    began_s: float
    targets: dict[str, TargetBlocks]
    baseline: TargetBlocks

    @classmethod
    def from_record(cls, told: dict[str, Any]) -> Self:
        """What the master has put together."""
        done = told["done"]
        by_label: dict[str, list[Block]] = {}
        for part in (*told["block"], *told["baseline"]):
            for label, tally in part["tallies"].items():
                by_label.setdefault(label, []).append(Block(part["number"], **tally))
        targets = {label: TargetBlocks.of(blocks) for label, blocks in by_label.items()}
        return cls(
            planned=sum(worker["planned"] for worker in done),
            missed=sum(worker["missed"] for worker in done),
            late=sum(worker["late"] for worker in done),
            cpu_share=max((worker["cpu_s"] / worker["wall_s"] for worker in done), default=0.0),
            lost=told["lost"],
            began_s=min((worker["began_s"] for worker in done), default=math.nan),
            baseline=targets.pop("baseline", TargetBlocks(())),
            targets=targets,
        )

    def of(self, target: Target) -> TargetBlocks:
        """What came of one target; nothing if no block of it was told."""
        return self.targets.get(target.label, TargetBlocks(()))

    @property
    def flags(self) -> tuple[str, ...]:
        """What speaks against the numbers of our own clock."""
        found = []
        if self.missed:
            found.append(f"saturated: {self.missed} of {self.planned} planned exchanges were never begun")
        if self.late > LATE_SHARE * self.planned:
            found.append(f"late: {self.late} of {self.planned} exchanges began more than 5 ms after their moment")
        if self.cpu_share > BUSY_SHARE:
            found.append(f"generator used {self.cpu_share:.0%} of a core")
        return tuple(found)
