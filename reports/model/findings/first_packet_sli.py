"""First packet latency as SIG Scalability's SLI defines it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.model.figure import Figure, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFirstPacket:
    """The first packet of the connections from one node, in microseconds with 95% intervals.

    Of the `connections` that were established, `retransmitted` had sent their SYN more than once; they count with their
    whole duration. `failed` ones were not established, and are in no quantile. A quantile that the samples cannot carry
    is NaN.
    """

    node: str
    p50_us: Interval
    p99_us: Interval
    connections: int
    retransmitted: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPacketSliFinding:
    """The first packet from every node at once, with `rate_per_s` connections per second from each for `duration_s`.

    https://git.k8s.io/community/sig-scalability/slos/first_packet_latency.md
    """

    kind: Literal["first packet SLI"] = "first packet SLI"
    mode: str
    services: int
    rate_per_s: Figure
    duration_s: Figure
    nodes: tuple[NodeFirstPacket, ...]
