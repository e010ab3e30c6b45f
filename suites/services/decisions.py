"""Decisions on the claims about Services: one function for each claim, from what a case observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, list_of, refuted, untested


def decide_cluster_ip(answered: Mapping[str, int], connections: int) -> Decision:
    """15.1: a ClusterIP is reachable within the cluster.

    `answered` is the number of answered connections from a pod on each node.
    """
    evidence = f"Answered connections, of {connections} from a pod on each node: {list_of(answered)}."
    reached = [node for node, count in answered.items() if count == connections]
    if len(reached) == len(answered):
        return confirmed(evidence)
    if not any(answered.values()):
        return refuted(evidence)
    lossy = [node for node in answered if node not in reached]
    return conditional(f"some connections from pods on {', '.join(lossy)} are lost", evidence)


def decide_iptables_rules(cluster_ip: str, mode: str, by_iptables: Mapping[str, bool]) -> Decision:
    """15.4: iptables rules implement a ClusterIP.

    `by_iptables` is, for each node, whether its nat table leads the ClusterIP to all backends.
    """
    with_rules = [node for node, has_rules in by_iptables.items() if has_rules]
    if len(with_rules) == len(by_iptables):
        return confirmed(
            f"On all {len(by_iptables)} nodes the nat table of iptables has rules from ClusterIP {cluster_ip} to all "
            "of its backends."
        )
    if not with_rules:
        return refuted(
            f"On none of {len(by_iptables)} nodes does the nat table of iptables have rules from ClusterIP "
            f"{cluster_ip} to all of its backends: kube-proxy in {mode} mode does not implement ClusterIPs with them."
        )
    return conditional(
        f"on {', '.join(with_rules)} only",
        f"On {len(with_rules)} of {len(by_iptables)} nodes the nat table of iptables has rules from ClusterIP "
        f"{cluster_ip} to all of its backends.",
    )


@dataclass(frozen=True, slots=True)
class Affinity:
    """Clients of a Service with session affinity: all connect through one node, then once each through a second one.

    `sticky` clients reached one backend only; `backends_met` counts these backends. Then one backend became unready:
    its client moved to `moved_to` others, and `others_moved` of `others`, the clients of other backends, moved too.
    `differing` clients reached another backend through the second node than through the first (None: no second node).
    `timeout_s` is the time-out in the first node's kernel.
    """

    clients: int
    sticky: int
    backends_met: int
    moved_to: int
    others: int
    others_moved: int
    differing: int | None
    timeout_s: int | None


def decide_affinity(seen: Affinity) -> Decision:
    """16.2: with session affinity ClientIP a client stays with the backend it met first."""
    evidence = (
        f"Through one node, {seen.sticky} of {seen.clients} client addresses reached a single backend in 5 connections "
        f"each; together they reached {seen.backends_met} backends. The node's kernel has a time-out of "
        f"{seen.timeout_s} s. When a client's backend became unready, the client moved to {seen.moved_to} other; of "
        f"{seen.others} clients of other backends {seen.others_moved} moved. "
        + (
            "The cluster has no second node to compare."
            if seen.differing is None
            else f"Through a second node, {seen.differing} of {seen.clients} clients reached another backend than "
            "through the first."
        )
    )
    if seen.sticky < seen.clients or seen.others_moved:
        return refuted(evidence)
    if seen.backends_met < 2:
        return untested(
            f"all clients reached the same backend, so it may not depend on the client's address. {evidence}"
        )
    if not (seen.differing or seen.moved_to):
        return confirmed(evidence)
    needs = [
        *(["the client connects through the same node"] if seen.differing else []),
        *(["that backend is ready"] if seen.moved_to else []),
    ]
    why = ": each node's kernel keeps its own record of clients" if seen.differing else ""
    return conditional(f"as long as {' and '.join(needs)}{why}", evidence)


def decide_affinity_timeout(clients: int, kept: int, moved: int, timeout_s: int) -> Decision:
    """16.2: with session affinity ClientIP a client stays with the backend it met first.

    Of `clients`, `kept` reached a single backend within the time-out, and `moved` reached another after a longer pause.
    """
    evidence = (
        f"With timeoutSeconds {timeout_s}, {kept} of {clients} clients reached a single backend when they connected "
        f"again within that time. After a longer pause {moved} of {clients} reached another."
    )
    if kept < clients:
        return refuted(evidence)
    if moved:
        return conditional("until timeoutSeconds have passed since the client's last connection", evidence)
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class HeadlessName:
    """A headless Service: its clusterIP, its pods' addresses and the addresses that its name resolves to.

    `in_kernel_of` are the nodes, of `nodes`, where kube-proxy has rules with one of the pods' addresses.
    """

    cluster_ip: str
    pods: frozenset[str]
    resolved: frozenset[str]
    in_kernel_of: tuple[str, ...]
    nodes: int


def decide_headless(seen: HeadlessName) -> Decision:
    """17.1: a headless Service has no virtual address; its name resolves to the pods."""
    found, foreign = seen.resolved & seen.pods, seen.resolved - seen.pods
    evidence = (
        f"The Service's clusterIP is {seen.cluster_ip}. Its name resolved to {len(found)} of {len(seen.pods)} ready "
        "pods"
        + (f", and to {', '.join(sorted(foreign))}" if foreign else "")
        + f". kube-proxy has rules with a pod's address on {len(seen.in_kernel_of)} of {seen.nodes} nodes."
    )
    if seen.cluster_ip != "None" or not found:
        return refuted(evidence)
    if foreign or found != seen.pods:
        pods = "its pods" if found == seen.pods else "some of its pods only"
        others = " and to other addresses" if foreign else ""
        return conditional(f"its name resolves to {pods}{others}", evidence)
    if seen.in_kernel_of:
        return conditional(f"kube-proxy on {', '.join(seen.in_kernel_of)} has rules for its pods", evidence)
    return confirmed(evidence)


def decide_outside(by_default: Mapping[str, int], routed: Mapping[str, int], connections: int) -> Decision:
    """18.1: clients outside the cluster reach neither pod IPs nor ClusterIPs by default.

    The number of answered connections for each kind of address: `by_default`, and `routed`, after the client got a
    route to the pod and Service networks through a node.
    """
    evidence = (
        f"Answered connections, of {connections} from a container outside the cluster to each address: "
        f"{list_of(by_default)}. With a route to the pod and Service networks through a node: {list_of(routed)}."
    )
    reached = [name for name, count in by_default.items() if count]
    shut = [name for name in by_default if name not in reached]
    opened = [name for name, count in routed.items() if count]
    if not shut:
        return refuted(evidence)
    if reached:
        return conditional(f"for a {' and a '.join(shut)} and not for a {' and a '.join(reached)}", evidence)
    if opened:
        return conditional(
            f"as long as the client has no route through a node: with one it reaches a {' and a '.join(opened)}, "
            "because no packet filter prevents it",
            evidence,
        )
    return confirmed(evidence)
