"""The record of live switches of kube-proxy to another mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.model.figure import Figure, OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOutage:
    """The longest time during one switch for which the connections or datagrams of one client failed.

    It was at least `at_least_ms` (between the starts of the first and the last failed one) and at most `at_most_ms`
    (between those of the good ones around it; None if there was none before or after). Both are 0 if none failed.
    """

    at_least_ms: Figure
    at_most_ms: OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedTraffic:
    """The connections or datagrams of one client, `what` they were, and its outage in each switch."""

    what: str
    sent: int
    failed: int
    outages: tuple[SwitchOutage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedConnections:
    """Persistent connections that were open before a switch, summed over all switches.

    Of the `opened` ones, `broken` ones ended with an error and `stalled` ones had to retransmit for a second or more.
    `tracked` is the number of established entries of connection tracking for the same Service before a switch, and
    `still_tracked` how many of them were there after it. The entry of an earlier connection that broke counts, too, so
    there may be more entries than connections.
    """

    opened: int
    broken: int
    stalled: int
    tracked: int
    still_tracked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelContents:
    """What kube-proxy has in a node's kernel, by mode: rules of iptables and nftables, virtual servers of ipvs."""

    iptables_rules: int
    nftables_rules: int
    virtual_servers: int
    ipvs_device: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSwitchFinding:
    """A kube-proxy that got another mode on a kernel that kept running, under traffic, in a number of `switches`.

    `before` and `after` are the kernel's contents before and after the first switch.
    """

    kind: Literal["live switch"] = "live switch"
    mode: str
    other_mode: str
    node: str
    switches: int
    traffic: tuple[SwitchedTraffic, ...]
    connections: SwitchedConnections
    before: KernelContents
    after: KernelContents
