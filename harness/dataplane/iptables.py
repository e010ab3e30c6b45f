"""A reader for iptables mode: one chain per Service and one per endpoint, all reached from one list of rules.

kube-proxy (pkg/proxy/iptables) writes these chains: KUBE-SERVICES and KUBE-NODEPORTS hold one rule per service address,
KUBE-FW-* accepts a load balancer's source ranges, KUBE-EXT-* masquerades traffic from outside the cluster, KUBE-SVC-*
and KUBE-SVL-* (only this node's endpoints) choose among KUBE-SEP-* chains, and those translate the address (DNAT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clusters.cluster import Node
from harness.dataplane.conntrack import entries_of
from harness.dataplane.reader import Backend, RuleCount, ServiceAddress, ServiceState
from harness.dataplane.shell import ProxyShell

LEADS_TO_BACKENDS = re.compile("KUBE-(SVC|SVL|EXT|FW)-")
RULE = re.compile(r"^\[(?P<packets>\d+):\d+\] -A (?P<chain>\S+) (?P<match>.*)$")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as `iptables-save -c` prints it."""

    chain: str
    match: str
    packets: int

    @property
    def target(self) -> str:
        found = re.search(r"-j (\S+)", self.match)
        return found[1] if found else ""

    def value(self, option: str) -> str | None:
        found = re.search(rf"(?:^| ){re.escape(option)} (\S+)", self.match)
        return found[1] if found else None

    @property
    def is_short_cut(self) -> bool:
        """Return whether the rule lets the cluster's own pods and nodes bypass externalTrafficPolicy Local."""
        return self.chain.startswith("KUBE-EXT-") and bool(self.value("-s") or self.value("--src-type"))


def parse_rules(listing: str) -> tuple[Rule, ...]:
    """Return all rules of `iptables-save -c`, in order."""
    matches = (RULE.match(line) for line in listing.splitlines())
    return tuple(Rule(found["chain"], found["match"], int(found["packets"])) for found in matches if found)


class IptablesDataPlane:
    """A reader of a node's nat table."""

    def __init__(self, shell: ProxyShell) -> None:
        self._shell = shell

    def service(self, node: Node, service_address: ServiceAddress) -> ServiceState:
        chains = self._nat_chains(node)
        entry = _service_rule(chains, node, service_address)
        if entry is None:
            return ServiceState(present=False, backends=frozenset())
        reached = list(_reached(chains, entry.target))
        return ServiceState(
            present=True,
            backends=frozenset(_backend(rule) for rule in reached if rule.target == "DNAT"),
            affinity_s=_affinity_s(reached),
        )

    def packets(self, node: Node, service_address: ServiceAddress) -> int | None:
        entry = _service_rule(self._nat_chains(node), node, service_address)
        return None if entry is None else entry.packets

    def missing(self, node: Node, wanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        return wanted - self.rules_walked(node).keys()

    def left(self, node: Node, unwanted: frozenset[ServiceAddress]) -> frozenset[ServiceAddress]:
        return unwanted & self.rules_walked(node).keys()

    def rules_walked(self, node: Node) -> dict[ServiceAddress, int]:
        rules = parse_rules(self._shell.run(node, "iptables-save", "-c", "-t", "nat"))
        services_chain = [rule for rule in rules if rule.chain == "KUBE-SERVICES"]
        return {
            ServiceAddress(
                (rule.value("-d") or "").removesuffix("/32"), int(port), (rule.value("-p") or "").upper()
            ): rules_before
            for rules_before, rule in enumerate(services_chain)
            if LEADS_TO_BACKENDS.match(rule.target) and (port := rule.value("--dport"))
        }

    def rule_count(self, node: Node) -> RuleCount:
        return RuleCount(rules=len(self._proxy_rules(node)), sets={})

    def rules_text(self, node: Node) -> str:
        return "\n".join(self._proxy_rules(node))

    def mentions(self, node: Node, address: str) -> bool:
        return address in re.findall(r"\d+\.\d+\.\d+\.\d+", self.rules_text(node))

    def conntrack(self, node: Node, address: str) -> tuple[str, ...]:
        return entries_of(self._shell, node, address)

    def _nat_chains(self, node: Node) -> dict[str, list[Rule]]:
        chains: dict[str, list[Rule]] = {}
        for rule in parse_rules(self._shell.run(node, "iptables-save", "-c", "-t", "nat")):
            chains.setdefault(rule.chain, []).append(rule)
        return chains

    def _proxy_rules(self, node: Node) -> list[str]:
        listing = self._shell.run(node, "iptables-save")
        return [line for line in listing.splitlines() if line.startswith("-A") and "KUBE-" in line]


def _service_rule(chains: dict[str, list[Rule]], node: Node, service_address: ServiceAddress) -> Rule | None:
    """Return the rule that sends packets for `service_address` to its Service's chain, or None."""
    on_node = service_address.address == node.address
    # A node port may have another rule before this one, for 127.0.0.0/8, with a packet counter of its own.
    destination = None if on_node else f"{service_address.address}/32"
    for rule in chains.get("KUBE-NODEPORTS" if on_node else "KUBE-SERVICES", ()):
        if rule.value("--dport") != str(service_address.port) or rule.value("-p") != service_address.protocol.lower():
            continue
        if LEADS_TO_BACKENDS.match(rule.target) and rule.value("-d") == destination:
            return rule
    return None


def _reached(chains: dict[str, list[Rule]], chain: str) -> Iterator[Rule]:
    """Yield every rule that a packet from outside the cluster may match once it enters `chain`."""
    for rule in chains.get(chain, ()):
        if rule.is_short_cut:
            continue
        yield rule
        if LEADS_TO_BACKENDS.match(rule.target) or rule.target.startswith("KUBE-SEP-"):
            yield from _reached(chains, rule.target)


def _backend(rule: Rule) -> Backend:
    address, _, port = (rule.value("--to-destination") or "").rpartition(":")
    return Backend(address, int(port))


def _affinity_s(rules: list[Rule]) -> int | None:
    seconds = [rule.value("--seconds") for rule in rules if "--rcheck" in rule.match]
    return int(seconds[0]) if seconds and seconds[0] else None
