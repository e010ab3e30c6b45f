"""Findings about traffic and programming while something changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.model.figure import Figure, OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFailures:
    """The failed requests of one part of a load: before, during or after the change.

    The part lasted `duration_s` seconds. `messages` counts the failures by error message.
    """

    part: str
    duration_s: Figure
    messages: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderChangeFinding:
    """The failures of steady traffic before, during and after a change."""

    kind: Literal["under change"] = "under change"
    mode: str
    change: str
    request_kind: str
    rate_per_s: Figure
    parts: tuple[PartFailures, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeArrivals:
    """When the watched Services became reachable from one node, in seconds from the call that made the change.

    An entry of `after_s` is None for a Service that never did. `away_s` are the seconds for which each was unreachable,
    if the change interrupted them.
    """

    node: str
    after_s: tuple[OptionalFigure, ...]
    away_s: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MassProgrammingFinding:
    """When many changes at once reached each node. The call that made them took `done_s` seconds."""

    kind: Literal["mass programming"] = "mass programming"
    mode: str
    change: str
    tried_every_ms: Figure
    done_s: Figure
    nodes: tuple[NodeArrivals, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRestartFinding:
    """New and persistent connections while kube-proxy on a node was replaced: how many failed or were delayed.

    Of the `new` connections, some were `lost` and some `delayed` by a retransmitted SYN. Of the `persistent` ones, some
    were `broken` and some `stalled`; `retransmits` counts their retransmitted segments.
    """

    kind: Literal["restart of kube-proxy"] = "restart of kube-proxy"
    mode: str
    node: str
    new: int
    lost: int
    delayed: int
    persistent: int
    broken: int
    stalled: int
    retransmits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayedConnectionsFinding:
    """The connections of a case that succeeded only after a retransmitted SYN; the slowest took `slowest_s`."""

    kind: Literal["delayed connections"] = "delayed connections"
    case: str
    connections: int
    delayed: int
    slowest_s: Figure
