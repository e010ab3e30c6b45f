"""The record of a live switch of kube-proxy to another mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.model.figure import Figure, OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedTraffic:
    """The connections or datagrams of one client, `what` they were, and the longest time for which they failed.

    It was at least `at_least_ms` (between the starts of the first and the last failed one) and at most `at_most_ms`
    (between those of the good ones around it; None if there was none before or after). Both are 0 if none failed.
    """

    what: str
    sent: int
    failed: int
    at_least_ms: Figure
    at_most_ms: OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelContents:
    """What kube-proxy has in a node's kernel, by mode: rules of iptables and nftables, virtual servers of ipvs."""

    iptables_rules: int
    nftables_rules: int
    virtual_servers: int
    ipvs_device: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSwitchFinding:
    """A kube-proxy that got another mode on a kernel that kept running, under traffic.

    `before` and `after` are the kernel's contents. Of the `persistent` connections, `broken` ones ended with an error
    and `stalled` ones had to retransmit for a second or more.
    """

    kind: Literal["live switch"] = "live switch"
    mode: str
    other_mode: str
    node: str
    traffic: tuple[SwitchedTraffic, ...]
    persistent: int
    broken: int
    stalled: int
    before: KernelContents
    after: KernelContents
