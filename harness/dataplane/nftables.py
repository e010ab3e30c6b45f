"""A reader for nftables mode: one table, in which a map leads from each service address to its Service's chain.

kube-proxy (pkg/proxy/nftables, KEP-3866) writes these maps and chains: `service-ips` and `service-nodeports` hold one
verdict per service address. A Service's chain translates the address itself (DNAT). With session affinity, it jumps to
one chain per endpoint instead, and each of those stores its clients in a set.
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
AFFINITY_ELEMENTS = re.compile(r"(^\tset affinity-[^\n]*\n(?:\t\t[^\n]*\n)*?)\t\telements = \{[^}]*\}\n", re.MULTILINE)
"""The elements of the session affinity sets, which are added by traffic and not by kube-proxy."""


class Table:
    """kube-proxy's table, parsed from `nft --json list table`."""

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
        """Return the chain to which the map entry of the service address leads, or None if it has no entry."""
        key: list[Any] = [service_address.protocol.lower(), service_address.port]
        name = "service-nodeports"
        if service_address.address != node.address:
            key, name = [service_address.address, *key], "service-ips"
        for found, verdict in self.maps.get(name, []):
            if found["concat"] == key:
                return str(next(iter(targets(verdict))))
        return None

    def reached(self, chain: str) -> Iterator[Any]:
        """Yield every rule's expressions that a packet from outside the cluster may reach once it enters `chain`."""
        for rule in self.rules.get(chain, []):
            if chain.startswith("external-") and any(matches_source(expression) for expression in rule):
                continue
            yield rule
            for target in targets(rule):
                yield from self.reached(target)


def matches_source(expression: Any) -> bool:
    """Return whether an expression matches on the source address of the packet.

    In an `external-` chain, such a rule lets the cluster's own pods and nodes bypass externalTrafficPolicy Local.
    """
    match expression:
        case {"match": {"left": {"payload": {"field": "saddr"}} | {"fib": {"flags": ["saddr"]}}}}:
            return True
    return False


def targets(expression: Any) -> Iterator[str]:
    """Yield the target chains of an expression's `jump` and `goto` statements, at any depth."""
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
    """Yield the backends of an expression's `dnat` statements, at any depth."""
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
    """A reader of the kube-proxy table on a node."""

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
        return None  # kube-proxy's nftables rules have no counters

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
        return AFFINITY_ELEMENTS.sub(r"\1", self._shell.run(node, "nft", "--stateless", *TABLE))

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
    """Return the time-out of the sets in which the endpoints' chains store their clients, or None without affinity."""
    text = json.dumps(rules)
    seconds = [
        int(found["timeout"])
        for name, found in table.sets.items()
        if name.startswith("affinity-") and f"@{name}" in text and "timeout" in found
    ]
    return seconds[0] if seconds else None
