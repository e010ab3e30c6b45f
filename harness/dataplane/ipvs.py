"""What ipvs mode keeps: a virtual server a front, a real server an endpoint, and ipsets for the rest.

Formats are those of `ipvsadm -Ln` and `ipset list -terse` (ipvsadm(8), ipset(8)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from clusters.cluster import Node
from harness.dataplane.conntrack import entries_of
from harness.dataplane.reader import Backend, RuleCount, ServiceAddress, ServiceState
from harness.dataplane.shell import ProxyShell

FRONT = re.compile(r"^(?P<protocol>TCP|UDP|SCTP) +(?P<address>[\d.]+):(?P<port>\d+) +(?P<rest>.*)$")
LISTED_FRONT = re.compile(r"^([\d.]+),(tcp|udp|sctp):(\d+)$", re.MULTILINE)
REAL_SERVER = re.compile(r"^ +-> (?P<address>[\d.]+):(?P<port>\d+) +(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class VirtualServer:
    """One entry of `ipvsadm -Ln`: scheduler, persistence in seconds, weights by backend."""

    service_address: ServiceAddress
    scheduler: str
    affinity_s: int | None
    weights: dict[Backend, int]


def parse_virtual_servers(listing: str) -> tuple[VirtualServer, ...]:
    """Read `ipvsadm -Ln`."""
    return tuple(_virtual_servers(listing.splitlines()))


def _virtual_servers(lines: list[str]) -> Iterator[VirtualServer]:
    current: VirtualServer | None = None
    for line in lines:
        if service_address := FRONT.match(line):
            if current:
                yield current
            words = service_address["rest"].split()
            persistent = words[words.index("persistent") + 1] if "persistent" in words else None
            current = VirtualServer(
                ServiceAddress(service_address["address"], int(service_address["port"]), service_address["protocol"]),
                words[0],
                int(persistent) if persistent else None,
                {},
            )
        elif current and (real := REAL_SERVER.match(line)):
            weight = int(real["rest"].split()[1])
            backend = Backend(real["address"], int(real["port"]))
            current = replace(current, weights={**current.weights, backend: weight})
    if current:
        yield current


def parse_packets(listing: str) -> dict[ServiceAddress, int]:
    """Incoming packets a front, from `ipvsadm -Ln --stats --exact`."""
    service_addresses = (FRONT.match(line) for line in listing.splitlines())
    return {
        ServiceAddress(found["address"], int(found["port"]), found["protocol"]): int(found["rest"].split()[1])
        for found in service_addresses
        if found
    }


def parse_set_sizes(listing: str) -> dict[str, int]:
    """Number of members a set, from `ipset list -terse`."""
    names = re.findall(r"^Name: (\S+)$", listing, re.MULTILINE)
    sizes = re.findall(r"^Number of entries: (\d+)$", listing, re.MULTILINE)
    return {name: int(size) for name, size in zip(names, sizes, strict=True)}


def parse_listed_addresses(listing: str) -> frozenset[ServiceAddress]:
    """Members of all sets that are a front (address, protocol and port), from `ipset list`."""
    found = LISTED_FRONT.findall(listing)
    return frozenset(ServiceAddress(address, int(port), protocol.upper()) for address, protocol, port in found)


class IpvsDataPlane:
    """Reads a node's virtual servers and ipsets."""

    def __init__(self, shell: ProxyShell) -> None:
        self._shell = shell

    def service(self, node: Node, service_address: ServiceAddress) -> ServiceState:
        found = self.virtual_server(node, service_address)
        if found is None:
            return ServiceState(present=False, backends=frozenset())
        return ServiceState(
            present=True,
            # kube-proxy lets a leaving endpoint stay with weight 0, where it takes no new connection.
            backends=frozenset(backend for backend, weight in found.weights.items() if weight > 0),
            affinity_s=found.affinity_s,
        )

    def packets(self, node: Node, service_address: ServiceAddress) -> int | None:
        found = self.virtual_server(node, service_address)
        counted = parse_packets(self._shell.run(node, "ipvsadm", "-Ln", "--stats", "--exact"))
        return None if found is None else counted.get(found.service_address)

    def missing(self, node: Node, wanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        # kube-proxy writes sets after virtual servers. Those cost ten system calls each to read.
        return wanted - self._listed(node) or wanted - self._served(node)

    def left(self, node: Node, unwanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        return unwanted & self._listed(node) or unwanted & self._served(node)

    def virtual_server(self, node: Node, service_address: ServiceAddress) -> VirtualServer | None:
        """The front's virtual server; None if there is no such front."""
        servers = parse_virtual_servers(self._shell.run(node, "ipvsadm", "-Ln"))
        fitting = [server for server in servers if server.service_address == service_address]
        if service_address.address == node.address:
            fitting += [server for server in servers if _is_guests_own(server.service_address, service_address)]
        return fitting[0] if fitting else None

    def rules_walked(self, node: Node) -> dict[ServiceAddress, int]:
        return {}

    def rule_count(self, node: Node) -> RuleCount:
        rules = self.rules_text(node).splitlines()
        return RuleCount(rules=len(rules), sets=parse_set_sizes(self._shell.run(node, "ipset", "list", "-terse")))

    def rules_text(self, node: Node) -> str:
        listing = self._shell.run(node, "iptables-save")
        return "\n".join(line for line in listing.splitlines() if line.startswith("-A") and "KUBE-" in line)

    def mentions(self, node: Node, address: str) -> bool:
        kept = self._shell.run(node, "ipvsadm", "-Ln") + self._shell.run(node, "ipset", "list")
        return address in re.findall(r"\d+\.\d+\.\d+\.\d+", kept + self.rules_text(node))

    def _listed(self, node: Node) -> frozenset[ServiceAddress]:
        return parse_listed_addresses(self._shell.run(node, "ipset", "list"))

    def _served(self, node: Node) -> frozenset[ServiceAddress]:
        servers = parse_virtual_servers(self._shell.run(node, "ipvsadm", "-Ln"))
        return frozenset(server.service_address for server in servers if server.weights)

    def conntrack(self, node: Node, address: str) -> tuple[str, ...]:
        return entries_of(self._shell, node, address)


def _is_guests_own(found: ServiceAddress, node_port: ServiceAddress) -> bool:
    """It is what substrate `uml` has for a node port: the node hands those to its guest's link-local address."""
    same = (found.port, found.protocol) == (node_port.port, node_port.protocol)
    return same and IPv4Address(found.address).is_link_local
