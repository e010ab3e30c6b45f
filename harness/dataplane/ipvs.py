"""A reader for ipvs mode: one virtual server per service address, one real server per endpoint, and ipsets.

It parses the output of `ipvsadm -Ln` and `ipset list -terse` (ipvsadm(8), ipset(8)).
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

VIRTUAL_SERVER = re.compile(r"^(?P<protocol>TCP|UDP|SCTP) +(?P<address>[\d.]+):(?P<port>\d+) +(?P<rest>.*)$")
SET_MEMBER = re.compile(r"^([\d.]+),(tcp|udp|sctp):(\d+)$", re.MULTILINE)
NODE_PORT_SET = re.compile(r"^Name: KUBE-NODE-PORT-(TCP|UDP)$.*?^Members:\n((?:\d+\n?)*)", re.MULTILINE | re.DOTALL)
REAL_SERVER = re.compile(r"^ +-> (?P<address>[\d.]+):(?P<port>\d+) +(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class VirtualServer:
    """A virtual server of `ipvsadm -Ln`: its scheduler, its persistence in seconds, and the weights of its backends."""

    service_address: ServiceAddress
    scheduler: str
    affinity_s: int | None
    weights: dict[Backend, int]


def parse_virtual_servers(listing: str) -> tuple[VirtualServer, ...]:
    """Parse the output of `ipvsadm -Ln`."""
    return tuple(_virtual_servers(listing.splitlines()))


def _virtual_servers(lines: list[str]) -> Iterator[VirtualServer]:
    current: VirtualServer | None = None
    for line in lines:
        if found := VIRTUAL_SERVER.match(line):
            if current:
                yield current
            words = found["rest"].split()
            persistent = words[words.index("persistent") + 1] if "persistent" in words else None
            current = VirtualServer(
                ServiceAddress(found["address"], int(found["port"]), found["protocol"]),
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
    """Return the number of incoming packets by service address, from `ipvsadm -Ln --stats --exact`."""
    matches = (VIRTUAL_SERVER.match(line) for line in listing.splitlines())
    return {
        ServiceAddress(found["address"], int(found["port"]), found["protocol"]): int(found["rest"].split()[1])
        for found in matches
        if found
    }


def parse_set_sizes(listing: str) -> dict[str, int]:
    """Return the number of members by set, from `ipset list -terse`."""
    names = re.findall(r"^Name: (\S+)$", listing, re.MULTILINE)
    sizes = re.findall(r"^Number of entries: (\d+)$", listing, re.MULTILINE)
    return {name: int(size) for name, size in zip(names, sizes, strict=True)}


def parse_set_members(listing: str) -> frozenset[ServiceAddress]:
    """Return the members of all sets that are service addresses (address, protocol and port), from `ipset list`."""
    found = SET_MEMBER.findall(listing)
    return frozenset(ServiceAddress(address, int(port), protocol.upper()) for address, protocol, port in found)


def parse_node_ports(listing: str) -> frozenset[tuple[str, int]]:
    """Return protocol and number of the TCP and UDP node ports that are in kube-proxy's sets, from `ipset list`."""
    found = NODE_PORT_SET.findall(listing)
    return frozenset((protocol, int(port)) for protocol, members in found for port in members.split())


class IpvsDataPlane:
    """A reader of a node's virtual servers and ipsets."""

    def __init__(self, shell: ProxyShell) -> None:
        self._shell = shell

    def service(self, node: Node, service_address: ServiceAddress) -> ServiceState:
        found = self.virtual_server(node, service_address)
        if found is None or self._is_incomplete_node_port(node, service_address):
            return ServiceState(present=False, backends=frozenset())
        return ServiceState(
            present=True,
            # kube-proxy keeps a terminating endpoint with weight 0, so that it gets no new connection.
            backends=frozenset(backend for backend, weight in found.weights.items() if weight > 0),
            affinity_s=found.affinity_s,
        )

    def packets(self, node: Node, service_address: ServiceAddress) -> int | None:
        found = self.virtual_server(node, service_address)
        counted = parse_packets(self._shell.run(node, "ipvsadm", "-Ln", "--stats", "--exact"))
        return None if found is None else counted.get(found.service_address)

    def missing(self, node: Node, wanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        # Sets are read first: kube-proxy writes them last, and each virtual server takes ten system calls to read.
        return wanted - self._in_sets(node) or wanted - self._with_servers(node)

    def left(self, node: Node, unwanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        return unwanted & self._in_sets(node) or unwanted & self._with_servers(node)

    def virtual_server(self, node: Node, service_address: ServiceAddress) -> VirtualServer | None:
        """Return the virtual server of the service address, or None if there is none."""
        servers = parse_virtual_servers(self._shell.run(node, "ipvsadm", "-Ln"))
        matching = [server for server in servers if server.service_address == service_address]
        if service_address.address == node.address:
            matching += [server for server in servers if _is_uml_node_port(server.service_address, service_address)]
        return matching[0] if matching else None

    def rules_walked(self, node: Node) -> dict[ServiceAddress, int]:
        return {}

    def rule_count(self, node: Node) -> RuleCount:
        rules = self.rules_text(node).splitlines()
        return RuleCount(rules=len(rules), sets=parse_set_sizes(self._shell.run(node, "ipset", "list", "-terse")))

    def rules_text(self, node: Node) -> str:
        listing = self._shell.run(node, "iptables-save")
        return "\n".join(line for line in listing.splitlines() if line.startswith("-A") and "KUBE-" in line)

    def mentions(self, node: Node, address: str) -> bool:
        listings = self._shell.run(node, "ipvsadm", "-Ln") + self._shell.run(node, "ipset", "list")
        return address in re.findall(r"\d+\.\d+\.\d+\.\d+", listings + self.rules_text(node))

    def _in_sets(self, node: Node) -> frozenset[ServiceAddress]:
        return parse_set_members(self._shell.run(node, "ipset", "list"))

    def _is_incomplete_node_port(self, node: Node, service_address: ServiceAddress) -> bool:
        """Return whether kube-proxy still has to write this node port to a set, which it does after the virtual server.

        Until then packets are not masqueraded, and the answers of a backend on another node do not come back. Node
        ports of SCTP, which are in a set of another kind, are not checked.
        """
        if service_address.address != node.address or service_address.protocol == "SCTP":
            return False
        in_sets = parse_node_ports(self._shell.run(node, "ipset", "list"))
        return (service_address.protocol, service_address.port) not in in_sets

    def _with_servers(self, node: Node) -> frozenset[ServiceAddress]:
        servers = parse_virtual_servers(self._shell.run(node, "ipvsadm", "-Ln"))
        return frozenset(server.service_address for server in servers if server.weights)

    def conntrack(self, node: Node, address: str) -> tuple[str, ...]:
        return entries_of(self._shell, node, address)


def _is_uml_node_port(found: ServiceAddress, node_port: ServiceAddress) -> bool:
    """Return whether an address stands for a node port on substrate `uml`.

    There, the node forwards its node ports to the link-local address of its user-mode Linux.
    """
    same = (found.port, found.protocol) == (node_port.port, node_port.protocol)
    return same and IPv4Address(found.address).is_link_local
