"""Faults of kube-proxy: it does nothing, or writes wrong rules. How they are planted depends on the proxy mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from clusters.cluster import Node
from clusters.spec import Mode
from harness.dataplane.modes import mode_to_switch_to
from harness.dataplane.reader import ServiceState
from harness.kube.objects.workloads import client_ip_affinity
from harness.kube.wait import wait_until
from tests.planted.fault import Fault, Site
from tests.planted.health import BACKENDS, canary
from tests.planted.means.kernel import nat_chain
from tests.planted.means.proxies import (
    IPTABLES_RESTORE,
    NFT,
    additions_ignored,
    configured,
    frozen,
    gone,
    mode_of,
    rules_altered,
)
from tests.planted.suites import (
    AFFINITY,
    BALANCING,
    CLUSTER_IP,
    HEADLESS,
    LIVE_SWITCH,
    MAKING_A_SERVICE,
    MODE,
    NODE_PORT,
    POD_AFFINITY,
    REMOVING_OLD_RULES,
    SETS,
    WAITING_FOR_SERVICES,
    WAYS_IN,
)
from tests.planted.trial.expectation import Expectation

SEEN_DEADLINE_S = 60.0
RULES_OF_THE_NODE = frozenset({Mode.IPTABLES, Mode.NFTABLES})
"""Proxy modes whose rules are in the node's own kernel, where they outlive kube-proxy, and are written by a tool."""

TOOLS = {Mode.IPTABLES: IPTABLES_RESTORE, Mode.NFTABLES: NFT}


@contextmanager
def _one_frozen(site: Site) -> Iterator[None]:
    with frozen(site, site.other_worker):
        yield


@contextmanager
def _one_gone(site: Site) -> Iterator[None]:
    with gone(site, (site.other_worker,)):
        yield


@contextmanager
def _all_gone(site: Site) -> Iterator[None]:
    with gone(site, site.cluster.nodes):
        yield


@contextmanager
def _other_mode(site: Site) -> Iterator[None]:
    other = mode_to_switch_to(site.cluster.mode, site.proxies, site.cluster.workers[0])

    def change(config: dict[str, Any]) -> None:
        config["mode"] = str(other)

    with configured(site, change, lambda node: mode_of(site, node) == other):
        yield


@contextmanager
def _source_hashing(site: Site) -> Iterator[None]:
    def change(config: dict[str, Any]) -> None:
        config["ipvs"]["scheduler"] = "sh"

    with canary(site) as service_address:

        def seen(node: Node) -> bool:
            listing = site.proxies.run(node, "ipvsadm", "-Ln")
            return f"{service_address.address}:{service_address.port} sh" in listing

        with configured(site, change, seen):
            yield


CLUSTER_IPS = "KUBE-CLUSTER-IP"
"""The ipset of ClusterIP service addresses in ipvs mode.

The filter accepts packets to them, and clients outside the pod CIDR are masqueraded.
"""


@contextmanager
def _member_missing(site: Site) -> Iterator[None]:
    with additions_ignored(site, CLUSTER_IPS), canary(site) as service_address:
        for node in site.cluster.nodes:
            wait_until(
                f"a new Service in the kernel of node {node.name}, but not in ipset {CLUSTER_IPS}",
                lambda node=node: (
                    site.dataplane.service(node, service_address),
                    site.proxies.run(node, "ipset", "list", CLUSTER_IPS),
                ),  # type: ignore[misc]
                lambda found: found[0].backends == BACKENDS and service_address.address not in found[1],
                describe=lambda found: f"{found[0]}",
                deadline_s=SEEN_DEADLINE_S,
            )
        yield


UNUSED_ADDRESS = "192.0.2.9"
"""An unused address from a block for documentation (RFC 5737): the leak guard drops what is sent there."""

# By proxy mode, sed scripts that alter the rules of a Service with three endpoints on their way to the kernel.
FIRST_OF_THREE_REMOVED = {
    Mode.IPTABLES: r"/--probability 0\.3333/d",
    Mode.NFTABLES: r"s/mod 3 map \{ 0 : [^,]+, 1 : ([^,]+), 2 : /mod 2 map { 0 : \1, 1 : /",
}
UNEQUAL_SHARES = {
    Mode.IPTABLES: r"s/--probability 0\.3333[0-9]*/--probability 0.75000000000/",
    Mode.NFTABLES: r"s/numgen random mod 3 /numgen random mod 2 /",
}
AFFINITY_RULES_REMOVED = {
    Mode.IPTABLES: "/--rcheck/d",
    Mode.NFTABLES: r"/ip saddr @affinity-/d",
}
FIRST_OF_THREE_REPLACED = {
    Mode.IPTABLES: rf"0,/--to-destination [0-9.]+:8080/s//--to-destination {UNUSED_ADDRESS}:8080/",
    Mode.NFTABLES: rf"s/mod 3 map \{{ 0 : [0-9.]+ /mod 3 map {{ 0 : {UNUSED_ADDRESS} /",
}
UNEQUAL_SHARES_RULE = re.compile(r"--probability 0\.75|numgen random mod 2 map \{[^}]*\b2 : ")
AFFINITY_RULE = re.compile("--rcheck|ip saddr @affinity-")


@contextmanager
def _one_backend_missing(site: Site) -> Iterator[None]:
    with _rules_altered(site, FIRST_OF_THREE_REMOVED, lambda state, rules: len(state.backends) == len(BACKENDS) - 1):
        yield


@contextmanager
def _one_backend_replaced(site: Site) -> Iterator[None]:
    def seen(state: ServiceState, rules: str) -> bool:
        return len(state.backends - BACKENDS) == 1 and len(state.backends) == len(BACKENDS)

    with _rules_altered(site, FIRST_OF_THREE_REPLACED, seen):
        yield


@contextmanager
def _unequal_shares(site: Site) -> Iterator[None]:
    def seen(state: ServiceState, rules: str) -> bool:
        return state.backends == BACKENDS and bool(UNEQUAL_SHARES_RULE.search(rules))

    with _rules_altered(site, UNEQUAL_SHARES, seen):
        yield


@contextmanager
def _affinity_removed(site: Site) -> Iterator[None]:
    def seen(state: ServiceState, rules: str) -> bool:
        return state.backends == BACKENDS and not AFFINITY_RULE.search(rules)

    with _rules_altered(site, AFFINITY_RULES_REMOVED, seen, **client_ip_affinity(600)):
        yield


@contextmanager
def _rules_altered(
    site: Site, scripts: dict[Mode, str], seen: Callable[[ServiceState, str], bool], **fields: Any
) -> Iterator[None]:
    """Alter kube-proxy's rules on their way to the kernels; `seen` returns whether those of a new Service are altered."""
    mode = site.cluster.mode
    with rules_altered(site, TOOLS[mode], scripts[mode]), canary(site, **fields) as service_address:
        for node in site.cluster.nodes:
            wait_until(
                f"altered rules of a new Service in the kernel of node {node.name}",
                lambda node=node: (site.dataplane.service(node, service_address), site.dataplane.rules_text(node)),  # type: ignore[misc]
                lambda found: seen(*found),
                describe=lambda found: f"{found[0]}",
                deadline_s=SEEN_DEADLINE_S,
            )
        yield


UNKNOWN_CHAIN = "KUBE-PLANTED"
"""A name that kube-proxy does not know, so its clean-up does not remove the chain."""


@contextmanager
def _chain_left(site: Site) -> Iterator[None]:
    with nat_chain(site, site.worker, UNKNOWN_CHAIN):
        yield


FAULTS = (
    Fault(
        "one node's kube-proxy is frozen, its rules go stale",
        _one_frozen,
        expect=(Expectation(NODE_PORT, "handle.wait_programmed(handle.pods.values())", place=MAKING_A_SERVICE),),
        bystanders=(HEADLESS,),
    ),
    Fault(
        "kube-proxy is gone from one node, its rules stay",
        _one_gone,
        expect=(Expectation(CLUSTER_IP, "handle.wait_programmed(handle.pods.values())", place=MAKING_A_SERVICE),),
        bystanders=(HEADLESS,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "kube-proxy is gone from every node, its rules stay",
        _all_gone,
        expect=(Expectation(BALANCING, "handle.wait_programmed(handle.pods.values())", place=MAKING_A_SERVICE),),
        bystanders=(HEADLESS,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "kube-proxy runs in another mode than asked for",
        _other_mode,
        expect=(Expectation(MODE, "kube-proxy did not log 'Using {cluster.mode} Proxier'"),),
        bystanders=(POD_AFFINITY,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "ipvs chooses backends by the client's address, not in turn",
        _source_hashing,
        expect=(Expectation(BALANCING, "did not choose backends in strict rotation"),),
        bystanders=(NODE_PORT,),
        modes=frozenset({Mode.IPVS}),
    ),
    Fault(
        "new Services are missing in the set of ClusterIPs",
        _member_missing,
        expect=(
            Expectation(WAYS_IN, "assert not any(lost.values())"),
            Expectation(SETS, "service addresses {'in' if present", place=WAITING_FOR_SERVICES),
            Expectation(CLUSTER_IP, "connections failed"),
        ),
        bystanders=(HEADLESS,),
        modes=frozenset({Mode.IPVS}),
    ),
    Fault(
        "one backend of three never gets into the kernel",
        _one_backend_missing,
        expect=(Expectation(CLUSTER_IP, "handle.wait_programmed(handle.pods.values())", place=MAKING_A_SERVICE),),
        bystanders=(NODE_PORT,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "the rule for one backend of three leads to a dead address",
        _one_backend_replaced,
        expect=(Expectation(CLUSTER_IP, "handle.wait_programmed(handle.pods.values())", place=MAKING_A_SERVICE),),
        bystanders=(HEADLESS,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "three backends get unequal shares of connections",
        _unequal_shares,
        expect=(Expectation(BALANCING, "did not choose backends by independent uniform draws"),),
        bystanders=(CLUSTER_IP,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "a chain of iptables mode is never removed",
        _chain_left,
        expect=(
            Expectation(
                LIVE_SWITCH, "left {after} although kube-proxy runs in nftables mode", place=REMOVING_OLD_RULES
            ),
        ),
        bystanders=(CLUSTER_IP,),
        modes=RULES_OF_THE_NODE,
    ),
    Fault(
        "session affinity is forgotten at once",
        _affinity_removed,
        expect=(Expectation(AFFINITY, "clients that met several backends"),),
        bystanders=(BALANCING,),
        modes=RULES_OF_THE_NODE,
    ),
)
