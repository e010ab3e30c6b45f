"""What was seen in live switches of kube-proxy to another mode: traffic, open connections and the kernel's contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace

from clusters.cluster import Node
from clusters.spec import Mode
from harness.dataplane.conntrack import tcp_entries
from harness.dataplane.services import ServiceHandle
from harness.dataplane.shell import ProxyShell
from harness.kube_proxy.live_switch import LiveSwitch, read_kernel
from harness.traffic.client import Client
from harness.traffic.outage import longest_outage
from harness.traffic.persistent import PersistentConnections, persistent_connections
from harness.traffic.requests import Request
from harness.traffic.steady import Sender, Traffic, steady_traffic
from reports.model.findings import (
    KernelContents,
    LiveSwitchFinding,
    SwitchedConnections,
    SwitchedTraffic,
    SwitchOutage,
)

PERSISTENT_CONNECTIONS = 6
SPACING_S, TIMEOUT_S = 0.01, 0.5
"""Spacing and time-out of the steady traffic's connections: below a second, after which Linux retransmits a SYN."""

OPEN = "ESTABLISHED"


@dataclass(frozen=True, slots=True)
class ObservedSwitch:
    """One switch from mode `old` to `new`.

    `traffic` is the steady traffic during the switch by what it was. `tracked` are the established entries of
    connection tracking for the Service before the switch, and `still_tracked` those of them that were there after it.
    """

    old: Mode
    new: Mode
    traffic: Mapping[str, Traffic]
    persistent: PersistentConnections
    tracked: Set[str]
    still_tracked: Set[str]
    before: KernelContents
    after: KernelContents


@dataclass(frozen=True, slots=True)
class SwitchObserver:
    """Observes switches of kube-proxy on one node, which `live` makes.

    `paths` are the requests that are repeated during a switch, with who sends them, by what they are. `client` opens
    the persistent connections, to port 80 of the ClusterIP of `web`.
    """

    live: LiveSwitch
    shell: ProxyShell
    node: Node
    client: Client
    web: ServiceHandle
    paths: Mapping[str, tuple[Sender, Request]]

    def observe(self, old: Mode, new: Mode, switch: Callable[[Mode], None]) -> ObservedSwitch:
        """Switch from mode `old` to `new` under traffic. Raises the errors of `switch` and `TrafficTooShort`."""
        before = read_kernel(self.shell, self.node)
        with ExitStack() as stack:
            persistent = stack.enter_context(
                persistent_connections(self.client, self.web.cluster_ip, 80, PERSISTENT_CONNECTIONS)
            )
            tracked = {entry for entry, state in self._tracked().items() if state == OPEN}
            traffic = {
                what: stack.enter_context(
                    steady_traffic(sender, replace(request, spacing_s=SPACING_S, timeout_s=TIMEOUT_S))
                )
                for what, (sender, request) in self.paths.items()
            }
            switch(new)
            still_tracked = tracked & self._tracked().keys()
        after = read_kernel(self.shell, self.node)
        return ObservedSwitch(old, new, traffic, persistent, tracked, still_tracked, before, after)

    def _tracked(self) -> dict[str, str]:
        return tcp_entries(self.shell, self.node, self.web.cluster_ip)


def live_switch_findings(node: Node, observed: Sequence[ObservedSwitch]) -> list[LiveSwitchFinding]:
    """Return a finding for each direction in which kube-proxy on `node` was switched, in order of the first switch."""
    directions = dict.fromkeys((switch.old, switch.new) for switch in observed)
    return [
        _finding(node, [switch for switch in observed if (switch.old, switch.new) == direction])
        for direction in directions
    ]


def _finding(node: Node, switches: Sequence[ObservedSwitch]) -> LiveSwitchFinding:
    first = switches[0]
    return LiveSwitchFinding(
        mode=first.old,
        other_mode=first.new,
        node=node.name,
        switches=len(switches),
        traffic=tuple(_traffic(what, [switch.traffic[what] for switch in switches]) for what in first.traffic),
        connections=SwitchedConnections(
            opened=sum(len(switch.persistent.connections) for switch in switches),
            broken=sum(len(switch.persistent.broken) for switch in switches),
            stalled=sum(len(switch.persistent.stalled) for switch in switches),
            tracked=sum(len(switch.tracked) for switch in switches),
            still_tracked=sum(len(switch.still_tracked) for switch in switches),
        ),
        before=first.before,
        after=first.after,
    )


def _traffic(what: str, seen: Sequence[Traffic]) -> SwitchedTraffic:
    return SwitchedTraffic(
        what=what,
        sent=sum(len(traffic.replies) for traffic in seen),
        failed=sum(not reply.ok or reply.delayed for traffic in seen for reply in traffic.replies),
        outages=tuple(map(_outage, seen)),
    )


def _outage(traffic: Traffic) -> SwitchOutage:
    found = longest_outage(traffic.replies)
    if found is None:
        return SwitchOutage(at_least_ms=0.0, at_most_ms=0.0)
    return SwitchOutage(at_least_ms=found.at_least_ms, at_most_ms=found.at_most_ms)
