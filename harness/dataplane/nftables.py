"""What nftables mode keeps: one table, where a map leads from a front to its Service's chain.

Maps and chains as kube-proxy writes them (pkg/proxy/nftables, KEP-3866): `service-ips` and
`service-nodeports` hold a verdict for each front; a Service's chain translates the address itself, or,
with session affinity, goes to a chain for each endpoint, which remembers clients in a set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from clusters.cluster import Node
from clusters.errors import CommandFailed
from harness.dataplane.conntrack import entries_of
from harness.dataplane.reader import Backend, RuleCount, ServiceAddress, ServiceState
from harness.dataplane.shell import ProxyShell

NO_TABLE = "No such file or directory"
TABLE = ("list", "table", "ip", "kube-proxy")
REMEMBERED_CLIENTS = re.compile(r"(^\tset affinity-[^\n]*\n(?:\t\t[^\n]*\n)*?)\t\telements = \{[^}]*\}\n", re.MULTILINE)
"""Elements of the sets of session affinity: traffic puts them there, not kube-proxy."""


class Table:
    """The proxy's table, read from `nft --json list table`."""

    def __init__(self, listing: str) -> None:
        self.rules: dict[str, list[Any]] = {}
        self.maps: dict[str, list[Any]] = {}
        self.sets: dict[str, dict[str, Any]] = {}
        for entry in json.loads(listing)["nftables"]:
            match entry:
                case {"rule": rule}:
                    self.rules.setdefault(rule["chain"], []).append(rule["expr"])
                case {"map": found}:
                    self.maps[found["name"]] = found.get("elem", [])
                case {"set": found}:
                    self.sets[found["name"]] = found

    def chain_of(self, node: Node, service_address: ServiceAddress) -> str | None:
        """The chain to which the front's map entry leads, or None."""
        key: list[Any] = [service_address.protocol.lower(), service_address.port]
        name = "service-nodeports"
        if service_address.address != node.address:
            key, name = [service_address.address, *key], "service-ips"
        for found, verdict in self.maps.get(name, []):
            if found["concat"] == key:
                return str(next(iter(targets(verdict))))
        return None

    def reached(self, chain: str) -> Iterator[Any]:
        """Every expression that a packet from outside the cluster which enters `chain` may meet."""
        for rule in self.rules.get(chain, []):
            if chain.startswith("external-") and any(asks_for_source(expression) for expression in rule):
                continue
            yield rule
            for target in targets(rule):
                yield from self.reached(target)


def asks_for_source(expression: Any) -> bool:
    """It matches on who sent the packet.

    In an `external-` chain that is a short cut for the cluster's own pods and nodes, past a traffic policy
    that binds everybody else.
    """
    match expression:
        case {"match": {"left": {"payload": {"field": "saddr"}} | {"fib": {"flags": ["saddr"]}}}}:
            return True
    return False


def targets(expression: Any) -> Iterator[str]:
    """Chains that an expression jumps or goes to, at any depth."""
    if isinstance(expression, dict):
        for name, value in expression.items():
            if name in ("goto", "jump"):
                yield value["target"]
            else:
                yield from targets(value)
    elif isinstance(expression, list):
        for part in expression:
            yield from targets(part)


def backends(expression: Any) -> Iterator[Backend]:
    """Where an expression's `dnat` statements lead, at any depth."""
    if isinstance(expression, dict):
        match expression.get("dnat"):
            case {"addr": str(address), "port": int(port)}:
                yield Backend(address, port)
            case {"addr": {"map": {"data": {"set": elements}}}}:
                for _, value in elements:
                    address, port = value["concat"]
                    yield Backend(address, port)
            case _:
                for value in expression.values():
                    yield from backends(value)
    elif isinstance(expression, list):
        for part in expression:
            yield from backends(part)


class NftablesDataPlane:
    """Reads a node's kube-proxy table."""

    def __init__(self, shell: ProxyShell) -> None:
        self._shell = shell

    def service(self, node: Node, service_address: ServiceAddress) -> ServiceState:
        table = self._table(node)
        chain = table.chain_of(node, service_address)
        if chain is None:
            return ServiceState(present=False, backends=frozenset())
        reached = list(table.reached(chain))
        return ServiceState(
            present=True,
            backends=frozenset(found for rule in reached for found in backends(rule)),
            affinity_s=_affinity_s(table, reached),
        )

    def packets(self, node: Node, service_address: ServiceAddress) -> int | None:
        return None  # kube-proxy gives its nftables rules no counters

    def missing(self, node: Node, wanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        return wanted - self._service_addresses(node)

    def left(self, node: Node, unwanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        return unwanted & self._service_addresses(node)

    def rules_walked(self, node: Node) -> dict[ServiceAddress, int]:
        return {}

    def rule_count(self, node: Node) -> RuleCount:
        try:
            table = self._table(node)
        except CommandFailed as failed:
            if NO_TABLE not in failed.stderr:
                raise
            return RuleCount(rules=0, sets={})  # kube-proxy runs in another mode
        sizes = {name: len(found.get("elem", [])) for name, found in table.sets.items()}
        sizes |= {name: len(elements) for name, elements in table.maps.items()}
        return RuleCount(rules=sum(len(rules) for rules in table.rules.values()), sets=sizes)

    def rules_text(self, node: Node) -> str:
        return REMEMBERED_CLIENTS.sub(r"\1", self._shell.run(node, "nft", "--stateless", *TABLE))

    def mentions(self, node: Node, address: str) -> bool:
        return address in re.findall(r"\d+\.\d+\.\d+\.\d+", self.rules_text(node))

    def conntrack(self, node: Node, address: str) -> tuple[str, ...]:
        return entries_of(self._shell, node, address)

    def _service_addresses(self, node: Node) -> frozenset[ServiceAddress]:
        keys = (key["concat"] for key, _ in self._table(node).maps.get("service-ips", []))
        return frozenset(ServiceAddress(address, port, protocol.upper()) for address, protocol, port in keys)

    def _table(self, node: Node) -> Table:
        return Table(self._shell.run(node, "nft", "--json", *TABLE))


def _affinity_s(table: Table, rules: list[Any]) -> int | None:
    """The time-out of the sets in which the endpoints' chains remember their clients."""
    text = json.dumps(rules)
    seconds = [
        int(found["timeout"])
        for name, found in table.sets.items()
        if name.startswith("affinity-") and f"@{name}" in text and "timeout" in found
    ]
    return seconds[0] if seconds else None
