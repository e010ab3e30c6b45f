"""What iptables mode keeps: a chain a Service, a chain an endpoint, all reached from one list of rules.

Chains as kube-proxy writes them (pkg/proxy/iptables): KUBE-SERVICES and KUBE-NODEPORTS hold a rule for
each front, KUBE-FW-* lets a balancer's source ranges through, KUBE-EXT-* masquerades what comes from
outside, KUBE-SVC-* and KUBE-SVL-* (this node's endpoints only) choose among KUBE-SEP-* chains, and these
translate the address.
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
    """One rule of `iptables-save -c`."""

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
        """It is for the cluster's own pods and nodes, past a traffic policy that binds everybody else."""
        return self.chain.startswith("KUBE-EXT-") and bool(self.value("-s") or self.value("--src-type"))


def parse_rules(listing: str) -> tuple[Rule, ...]:
    """All rules of `iptables-save -c`, in their order."""
    matches = (RULE.match(line) for line in listing.splitlines())
    return tuple(Rule(found["chain"], found["match"], int(found["packets"])) for found in matches if found)


class IptablesDataPlane:
    """Reads a node's nat table."""

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
        walked = [rule for rule in rules if rule.chain == "KUBE-SERVICES"]
        return {
            ServiceAddress(
                (rule.value("-d") or "").removesuffix("/32"), int(port), (rule.value("-p") or "").upper()
            ): before
            for before, rule in enumerate(walked)
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
    """The rule by which packets to `service_address` leave the list."""
    on_node = service_address.address == node.address
    # A node port may have a rule for 127.0.0.0/8 before its own, which counts apart.
    destination = None if on_node else f"{service_address.address}/32"
    for rule in chains.get("KUBE-NODEPORTS" if on_node else "KUBE-SERVICES", ()):
        if rule.value("--dport") != str(service_address.port) or rule.value("-p") != service_address.protocol.lower():
            continue
        if LEADS_TO_BACKENDS.match(rule.target) and rule.value("-d") == destination:
            return rule
    return None


def _reached(chains: dict[str, list[Rule]], chain: str) -> Iterator[Rule]:
    """Every rule that a packet from outside the cluster which enters `chain` may meet."""
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
