"""Load plans and load results: plain records that are exchanged with Locust's master as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any, Self

from clusters.cluster import Cluster
from clusters.errors import Refused
from harness.statistics.histogram import merge

LATE_SHARE, KERNEL_LATE_SHARE = 0.01, 0.05
"""The share of requests that may start late before a result is flagged, by the generator's clocks and by the kernel's.

The kernel's clock leaves out the generator's delays, but requests that wait for a CPU miss the moments in which the
host is busiest.
"""

BUSY_SHARE = 0.5
"""The share of a core that a worker may use before a result is flagged."""


class RequestKind(StrEnum):
    """The kinds of request; `processes/kubeproof_load/request_kinds.py` says what each one measures."""

    FIRST_PACKET = "first_packet"
    HTTP_NEW = "http_new"
    HTTP_KEPT = "http_kept"
    UDP = "udp"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class Target:
    """An address and port to send requests to, and its label in results.

    `request_kind` is the kind of its requests, the plan's if that is None.
    """

    label: str
    address: str
    port: int
    request_kind: RequestKind | None = None


def require_within(cluster: Cluster, *targets: Target) -> None:
    """Raise `Refused` unless every target is an address of a Service, pod or node of the cluster."""
    networks = [ip_network(cluster.service_cidr), ip_network(cluster.pod_cidr)]
    nodes = {node.address for node in cluster.nodes}
    for target in targets:
        if target.address not in nodes and not any(ip_address(target.address) in net for net in networks):
            raise Refused(
                f"target {target.label}: {target.address} is not an address of cluster {cluster.name} "
                "(expected the address of a Service, pod or node)"
            )


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """An open-loop load: requests start at `rate_per_s`, summed over all targets, whether or not earlier ones ended.

    It lasts `duration_s` and is recorded in blocks of `block_s`. For `baseline_s` before it, the same users send the
    same requests to a server in their own pod: the loopback baseline.

    With `separate_source_ports`, first packets to different addresses never come from the same source port.

    With `pinned`, a worker stays on one processor for as long as its load lasts, if it may use more than one.

    `detail` is the path of an HTTP request, the payload of a UDP datagram or the name of a DNS query. A request fails
    after `timeout_s`.
    """

    targets: tuple[Target, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    request_kind: RequestKind = RequestKind.FIRST_PACKET
    detail: str = ""
    block_s: float = 1.0
    baseline_s: float = 0.0
    separate_source_ports: bool = False
    pinned: bool = False
    timeout_s: float = 2.0

    def require_within(self, cluster: Cluster) -> None:
        """Raise `Refused` unless every target is an address of a Service, pod or node of the cluster."""
        require_within(cluster, *self.targets)

    @property
    def rate_of_target_per_s(self) -> float:
        """The rate of each target: an equal share of the total."""
        return self.rate_per_s / len(self.targets)

    def as_record(self, number: int) -> dict[str, Any]:
        """Return the plan as it is sent to the master; `number` identifies it among the master's plans."""
        return {**asdict(self), "request_kind": str(self.request_kind), "number": number}


@dataclass(frozen=True, slots=True)
class Block:
    """The requests to one target whose intended start lies in one block of time.

    `kernel`, `wall`, `corrected` and `answered` are encoded histograms, one per clock; a clock without samples has an
    empty string. `errors` counts failed requests by error message; they are in no histogram. `retransmitted` counts
    connections whose SYN was sent more than once; they are in `answered` only.
    """

    number: int
    kernel: str = ""
    wall: str = ""
    corrected: str = ""
    answered: str = ""
    errors: dict[str, int] = field(default_factory=dict)
    retransmitted: int = 0


@dataclass(frozen=True, slots=True)
class TargetBlocks:
    """The blocks of one target, in order of time."""

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, reported: Iterable[Block]) -> Self:
        """Sort the blocks that workers reported, and merge those with the same number."""
        by_number: dict[int, list[Block]] = {}
        for block in reported:
            by_number.setdefault(block.number, []).append(block)
        return cls(tuple(_merged(by_number[number]) for number in sorted(by_number)))

    def histograms(self, clock: str) -> tuple[str, ...]:
        """Return the encoded histograms of the blocks in which that clock has samples."""
        return tuple(text for text in (getattr(block, clock) for block in self.blocks) if text)

    @property
    def errors(self) -> dict[str, int]:
        return dict(sum((Counter(block.errors) for block in self.blocks), Counter()))

    @property
    def retransmitted(self) -> int:
        return sum(block.retransmitted for block in self.blocks)


def _merged(parts: list[Block]) -> Block:
    if len(parts) == 1:
        return parts[0]
    clocks = {
        clock: merge(text for text in texts if text) if any(texts) else ""
        for clock in ("kernel", "wall", "corrected", "answered")
        for texts in [[getattr(block, clock) for block in parts]]
    }
    return Block(
        parts[0].number,
        **clocks,
        errors=dict(sum((Counter(block.errors) for block in parts), Counter())),
        retransmitted=sum(block.retransmitted for block in parts),
    )


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a load plan.

    Counts of requests: `planned`; `missed`, which never started because the generator was too far behind; and `late`,
    which started more than 5 ms after their intended start. `lateness` is an encoded histogram of how much later than
    intended each request of the load started, without the baseline's; empty if no worker reported one. `cpu_share` is
    CPU time over wall time of the busiest worker, where 1.0 is a whole core. `lost` is the number of workers that did
    not report the end of the plan. `began_s` is the start of the first block in seconds since 1970, by the clock of the
    workers' node. Blocks are `block_s` long.
    """

    planned: int
    missed: int
    late: int
    cpu_share: float
    lost: int
    began_s: float
    targets: dict[str, TargetBlocks]
    baseline: TargetBlocks
    block_s: float = 1.0
    lateness: str = ""

    @classmethod
    def from_record(cls, record: dict[str, Any], block_s: float) -> Self:
        """Read the result that the master has merged, of a plan with blocks of `block_s`."""
        done = record["done"]
        by_label: dict[str, list[Block]] = {}
        for part in (*record["block"], *record["baseline"]):
            for label, tally in part["tallies"].items():
                by_label.setdefault(label, []).append(Block(part["number"], **tally))
        targets = {label: TargetBlocks.of(blocks) for label, blocks in by_label.items()}
        return cls(
            planned=sum(worker["planned"] for worker in done),
            missed=sum(worker["missed"] for worker in done),
            late=sum(worker["late"] for worker in done),
            cpu_share=max((worker["cpu_s"] / worker["wall_s"] for worker in done), default=0.0),
            lost=record["lost"],
            began_s=min((worker["began_s"] for worker in done), default=math.nan),
            baseline=targets.pop("baseline", TargetBlocks(())),
            targets=targets,
            block_s=block_s,
            lateness=merge(worker["lateness"] for worker in done) if done else "",
        )

    def of(self, target: Target) -> TargetBlocks:
        """Return the blocks of one target; none if no worker reported any."""
        return self.targets.get(target.label, TargetBlocks(()))

    @property
    def together(self) -> TargetBlocks:
        """Return the blocks of all targets, merged by their number."""
        return TargetBlocks.of(block for blocks in self.targets.values() for block in blocks.blocks)

    @property
    def all_blocks(self) -> Iterator[Block]:
        """Yield the blocks of all targets and of the baseline."""
        for blocks in (*self.targets.values(), self.baseline):
            yield from blocks.blocks

    @property
    def kernel_flags(self) -> tuple[str, ...]:
        """The reasons to doubt latencies measured by the kernel's clock: it measures what started, when it started."""
        if self.late <= KERNEL_LATE_SHARE * self.planned:
            return ()
        return (f"late: {self.late} of {self.planned} requests started more than 5 ms after their intended start",)

    @property
    def flags(self) -> tuple[str, ...]:
        """The reasons to doubt latencies measured by the generator's own clocks."""
        found = []
        if self.missed:
            found.append(f"saturated: {self.missed} of {self.planned} planned requests never started")
        if self.late > LATE_SHARE * self.planned:
            found.append(
                f"late: {self.late} of {self.planned} requests started more than 5 ms after their intended start"
            )
        if self.cpu_share > BUSY_SHARE:
            found.append(f"generator used {self.cpu_share:.0%} of a core")
        return tuple(found)
