"""Routes to the addresses of Services outside the Service CIDR: external IPs and load balancer IPs.

The director learns these addresses from the guest. In ipvs mode kube-proxy binds each to its device kube-ipvs0, and
the agent sends an event for every change. In the other modes they are only in rules and maps, whose changes no event
reports in full. There the director lists them whenever kube-proxy's log reports a finished sync.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from director.host import Host
from director.plumbing import DEVICE, GUEST_ADDRESS

SYNCED_LINE = "SyncProxyRules complete"
"""The proxiers for iptables and nftables log this at verbosity 2 after every sync; the one for ipvs does not."""


@dataclass(frozen=True, slots=True)
class Listings:
    """Where a mode keeps the addresses of Services: commands that list them, and the pattern of an address there."""

    commands: tuple[tuple[str, ...], ...]
    address: re.Pattern[str]

    def destinations(self, listed: str) -> frozenset[str]:
        """Return the addresses in the output of the commands."""
        return frozenset(self.address.findall(listed))


IN_RULES = Listings(
    (
        ("iptables", "--table=nat", "--list-rules", "KUBE-SERVICES"),
        # Addresses of Services without endpoints are only in this chain, which rejects their clients.
        ("iptables", "--table=filter", "--list-rules", "KUBE-EXTERNAL-SERVICES"),
    ),
    re.compile(r" -d (\d+\.\d+\.\d+\.\d+)/32 "),
)
IN_MAPS = Listings(
    (
        ("nft", "list", "map", "ip", "kube-proxy", "service-ips"),
        # Addresses of Services without endpoints are only in this map, which rejects their clients.
        ("nft", "list", "map", "ip", "kube-proxy", "no-endpoint-services"),
    ),
    re.compile(r"(\d+\.\d+\.\d+\.\d+) \. (?:tcp|udp|sctp) \. \d+ : "),
)
NOWHERE = Listings((), re.compile(r"$.^"))

LISTINGS = {
    "Using iptables Proxier": IN_RULES,
    "Using nftables Proxier": IN_MAPS,
    "Using ipvs Proxier": NOWHERE,
}
"""The listings of each mode, by what kube-proxy logs when it starts in that mode."""


def listings_of(line: str) -> Listings | None:
    """Return the listings of the mode that a line of kube-proxy's log names, or None if it names no mode."""
    return next((found for name, found in LISTINGS.items() if name in line), None)


def outside(service_cidr: str) -> Callable[[str], bool]:
    """Return a function that decides whether an address needs a route.

    It needs one if it is outside the Service CIDR, and not loopback, link-local, multicast or unspecified.
    """
    cidr = ipaddress.IPv4Network(service_cidr)

    def needs_route(text: str) -> bool:
        address = ipaddress.IPv4Address(text)
        special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
        return not special and address not in cidr

    return needs_route


def changes(present: frozenset[str], wanted: frozenset[str]) -> str:
    """Return the lines for `ip -batch -` that change the routes from `present` to `wanted`."""
    lines = [f"route replace {address}/32 via {GUEST_ADDRESS} dev {DEVICE}" for address in sorted(wanted - present)]
    lines += [f"route delete {address}/32 via {GUEST_ADDRESS} dev {DEVICE}" for address in sorted(present - wanted)]
    return "".join(f"{line}\n" for line in lines)


@dataclass(slots=True)
class Routes:
    """The routes to Service addresses on one node; none at first.

    `never` are addresses that must not be routed to the guest even if a Service uses them: the node's own and the API
    server's. Otherwise the node would be disconnected.
    """

    host: Host
    service_cidr: str
    never: frozenset[str]
    present: frozenset[str] = field(default=frozenset())

    def update(self, addresses: Iterable[str]) -> str:
        """Make the routes match `addresses`. Return the changes, for the log. Raises `HostCommandFailed`."""
        wanted = frozenset(filter(outside(self.service_cidr), addresses)) - self.never
        batch = changes(self.present, wanted)
        if batch:
            self.host.run(("ip", "-force", "-batch", "-"), stdin=batch)
            self.present = wanted
        return batch


def own_addresses(host: Host) -> frozenset[str]:
    """Return the node's own IPv4 addresses. Raises `HostCommandFailed`."""
    listing = host.run(("ip", "-4", "-oneline", "address", "show"))
    return frozenset(re.findall(r" inet (\d+\.\d+\.\d+\.\d+)[/ ]", listing))
