"""Routes to the addresses of Services outside the Service CIDR: externalIPs and load balancers.

The guest knows them. In ipvs mode kube-proxy binds each to its device kube-ipvs0, and the agent tells of
every change. In iptables mode they stand in rules only, and the kernel tells nobody when rules change;
there kube-proxy's own log says when it has finished, and we look then.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from director.host import Host
from director.plumbing import DEVICE, GUEST_ADDRESS

SYNCED_LINE = "SyncProxyRules complete"
"""What the iptables proxier logs at verbosity 2 after every sync; the ipvs proxier logs no such line."""

LOOK = (
    ("iptables", "--table=nat", "--list-rules", "KUBE-SERVICES"),
    # Addresses of Services without endpoints stand only here: their clients are rejected.
    ("iptables", "--table=filter", "--list-rules", "KUBE-EXTERNAL-SERVICES"),
)

_DESTINATION = re.compile(r" -d (\d+\.\d+\.\d+\.\d+)/32 ")


def destinations(rules: str) -> frozenset[str]:
    """The single addresses for which `iptables --list-rules` shows a rule."""
    return frozenset(_DESTINATION.findall(rules))


def outside(service_cidr: str) -> Callable[[str], bool]:
    """Tells which addresses need a route of their own: those of single hosts outside the Service CIDR."""
    cidr = ipaddress.IPv4Network(service_cidr)

    def needs_route(text: str) -> bool:
        address = ipaddress.IPv4Address(text)
        unusual = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
        return not unusual and address not in cidr

    return needs_route


def changes(present: frozenset[str], wanted: frozenset[str]) -> str:
    """The lines for `ip -batch -` that make `wanted` of `present`."""
    lines = [f"route replace {address}/32 via {GUEST_ADDRESS} dev {DEVICE}" for address in sorted(wanted - present)]
    lines += [f"route delete {address}/32 via {GUEST_ADDRESS} dev {DEVICE}" for address in sorted(present - wanted)]
    return "".join(f"{line}\n" for line in lines)


@dataclass(slots=True)
class Routes:
    """The routes of one node, beginning with none.

    `never` are the addresses without which the node would be cut off: its own, and the API server's. They
    get no route even if a Service claims them.
    """

    host: Host
    service_cidr: str
    never: frozenset[str]
    present: frozenset[str] = field(default=frozenset())

    def follow(self, addresses: Iterable[str]) -> str:
        """Have routes for `addresses` and no others; what changed, for the log. Raises `HostCommandFailed`."""
        wanted = frozenset(filter(outside(self.service_cidr), addresses)) - self.never
        batch = changes(self.present, wanted)
        if batch:
            self.host.run(("ip", "-force", "-batch", "-"), stdin=batch)
            self.present = wanted
        return batch


def own_addresses(host: Host) -> frozenset[str]:
    """The node's own IPv4 addresses. Raises `HostCommandFailed`."""
    listing = host.run(("ip", "-4", "-oneline", "address", "show"))
    return frozenset(re.findall(r" inet (\d+\.\d+\.\d+\.\d+)[/ ]", listing))
