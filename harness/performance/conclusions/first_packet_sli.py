"""First packet latency as SIG Scalability's SLI defines it, from the measurements of all nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reports.model import Interval, Measurement
from reports.model.findings import FirstPacketSliFinding, NodeFirstPacket


def first_packet_sli(measured: Sequence[Measurement], retransmitted: Mapping[str, int]) -> FirstPacketSliFinding:
    """Return the finding from one measurement of each node under the same load.

    `retransmitted` counts, by node, the connections that were established by a SYN sent again.
    """
    here = measured[0].conditions
    return FirstPacketSliFinding(
        mode=here.mode or "",
        services=here.services or 0,
        rate_per_s=here.rate_per_s or 0.0,
        duration_s=here.duration_s or 0.0,
        nodes=tuple(_of_node(found, retransmitted) for found in measured),
    )


def _of_node(found: Measurement, retransmitted: Mapping[str, int]) -> NodeFirstPacket:
    node = found.conditions.node or ""
    return NodeFirstPacket(
        node=node,
        p50_us=_quantile(found, "p50"),
        p99_us=_quantile(found, "p99"),
        connections=found.n,
        retransmitted=retransmitted.get(node, 0),
        failed=found.errors,
    )


def _quantile(found: Measurement, label: str) -> Interval:
    if label not in found.quantiles:
        return Interval(math.nan, math.nan, math.nan)
    return Interval(found.quantiles[label], *found.ci95[label])
