"""What experiments on Services decide: a function for each claim, from what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.suite import Decision, conditional, confirmed, listed, refuted, untested

LINGER_S = 10.0
"""How long nodes may go on sending connections to a pod that its EndpointSlice has lost: ten times the second that
kube-proxy waits between two syncs (minSyncPeriod)."""


@dataclass(frozen=True, slots=True)
class PodLeaving:
    """A pod whose readiness probe began to fail while a client sent requests to its Service.

    Times are in seconds from then: when its EndpointSlices and the kernels were last read, and when the last request
    reached it. `left_api` says that its EndpointSlices had lost it by then; `kept_by` are nodes whose kernel still sent
    connections to it, and for how long that kernel was watched. `late` counts requests that reached it after the
    kernels of all nodes had lost it.
    """

    left_api: bool
    read_api_s: float
    last_reached_s: float
    reached: int
    late: int
    kernels: int
    read_kernels_s: float
    kept_by: Mapping[str, float]
    restarts: int


def decide_readiness(seen: PodLeaving) -> Decision:
    """7.2: a failing readiness probe takes the pod out of the Service's endpoints."""
    if seen.restarts:
        return untested(f"the container was restarted ({seen.restarts} times), which makes a pod unready by itself")
    if not seen.left_api:
        return refuted(
            f"The EndpointSlice still listed the pod as ready {seen.read_api_s:.1f} s after its readiness probe had "
            "begun to fail."
        )
    evidence = (
        f"The EndpointSlice lost the pod {seen.read_api_s:.1f} s after its probe began to fail; "
        + (
            f"the kernels of {', '.join(seen.kept_by)} still sent connections to it {min(seen.kept_by.values()):.0f} s "
            "later"
            if seen.kept_by
            else f"the kernels of all {seen.kernels} nodes had lost it after {seen.read_kernels_s:.1f} s"
        )
        + f". The last of {seen.reached} requests reached it after {seen.last_reached_s:.1f} s"
        + ("" if seen.kept_by else f", {seen.late} of them after every kernel had lost it")
        + ". Its container was not restarted."
    )
    if seen.kept_by:
        return conditional(
            f"in the API only: kube-proxy on {', '.join(seen.kept_by)} goes on sending connections to it", evidence
        )
    if seen.late:
        return conditional("in EndpointSlices and kernels only: connections still reach it afterwards", evidence)
    lingered_s = seen.last_reached_s - seen.read_api_s
    if lingered_s > LINGER_S:
        return conditional(f"in the API first: connections go on reaching it for {lingered_s:.0f} s more", evidence)
    return confirmed(evidence)


def decide_cluster_ip(answered: Mapping[str, int], connections: int) -> Decision:
    """15.1: a ClusterIP is reachable within the cluster. By node: how many connections of a pod there were answered."""
    evidence = f"Of {connections} connections each, from a pod on every node, answered were: {listed(answered)}."
    reached = [node for node, count in answered.items() if count == connections]
    if len(reached) == len(answered):
        return confirmed(evidence)
    if not any(answered.values()):
        return refuted(evidence)
    lossy = [node for node in answered if node not in reached]
    return conditional(f"connections from pods on {', '.join(lossy)} are lost", evidence)


def decide_iptables_rules(cluster_ip: str, mode: str, by_iptables: Mapping[str, bool]) -> Decision:
    """15.4: iptables rules implement a ClusterIP. By node: whether its nat table leads it to all backends."""
    with_rules = [node for node, so in by_iptables.items() if so]
    if len(with_rules) == len(by_iptables):
        return confirmed(
            f"On all {len(by_iptables)} nodes the nat table of iptables has rules that lead {cluster_ip} to all of its "
            "backends."
        )
    if not with_rules:
        return refuted(
            f"On none of {len(by_iptables)} nodes has the nat table of iptables rules that lead {cluster_ip} to its "
            f"backends: in {mode} mode kube-proxy does not use iptables rules for that."
        )
    return conditional(
        f"on {', '.join(with_rules)} only",
        f"The nat table of iptables has rules that lead {cluster_ip} to all of its backends on "
        f"{len(with_rules)} of {len(by_iptables)} nodes.",
    )


@dataclass(frozen=True, slots=True)
class Affinity:
    """Clients of a Service with session affinity, all through one node, then once each through a second one.

    `faithful` clients met one backend only, `homes` counts these backends. Then one backend became unready: its client
    moved to `moved_to` others, and `strayed` of `others`, the clients of other backends, moved as well. `differing`
    clients met another backend through the second node than through the first (None: there is no second node).
    """

    clients: int
    faithful: int
    homes: int
    moved_to: int
    others: int
    strayed: int
    differing: int | None
    timeout_s: int | None


def decide_affinity(seen: Affinity) -> Decision:
    """16.2: with session affinity ClientIP a client stays with the backend it met first."""
    evidence = (
        f"Through one node, {seen.faithful} of {seen.clients} client addresses met one backend only in 5 connections "
        f"each; together they met {seen.homes} backends. The node's kernel holds a time-out of {seen.timeout_s} s. "
        f"When its backend became unready, a client moved to {seen.moved_to} other; of {seen.others} clients of other "
        f"backends {seen.strayed} moved. "
        + (
            "The cluster has no second node to compare."
            if seen.differing is None
            else f"Through a second node, {seen.differing} of {seen.clients} clients met another backend than "
            "through the first."
        )
    )
    if seen.faithful < seen.clients or seen.strayed:
        return refuted(evidence)
    if seen.homes < 2:
        return untested(f"all clients met the same backend, so nothing shows that it depends on the client. {evidence}")
    if not (seen.differing or seen.moved_to):
        return confirmed(evidence)
    needs = [
        *(["it comes through the same node"] if seen.differing else []),
        *(["that backend is ready"] if seen.moved_to else []),
    ]
    why = ": kube-proxy remembers the clients of each node apart" if seen.differing else ""
    return conditional(f"as long as {' and '.join(needs)}{why}", evidence)


def decide_affinity_timeout(clients: int, kept: int, moved: int, timeout_s: int) -> Decision:
    """16.2: of `clients`, `kept` met one backend within the time-out, `moved` another one after a longer pause."""
    evidence = (
        f"With timeoutSeconds {timeout_s}, {kept} of {clients} clients met one backend only as long as they came again "
        f"within that time; after a longer pause {moved} met another one."
    )
    if kept < clients:
        return refuted(evidence)
    if moved:
        return conditional("until timeoutSeconds have passed since the client's last connection", evidence)
    return confirmed(evidence)


@dataclass(frozen=True, slots=True)
class HeadlessName:
    """A headless Service: its clusterIP, its pods, what its name resolves to, and the nodes whose kube-proxy state
    names one of the pods."""

    cluster_ip: str
    pods: frozenset[str]
    resolved: frozenset[str]
    in_kernel_of: tuple[str, ...]
    nodes: int


def decide_headless(seen: HeadlessName) -> Decision:
    """17.1: a headless Service has no virtual address; its name resolves to the pods."""
    found, foreign = seen.resolved & seen.pods, seen.resolved - seen.pods
    evidence = (
        f"Its clusterIP is {seen.cluster_ip}. Its name resolves to {len(found)} of its {len(seen.pods)} ready pods"
        + (f", and to {', '.join(sorted(foreign))}" if foreign else "")
        + f". kube-proxy has rules with one of these addresses on {len(seen.in_kernel_of)} of {seen.nodes} nodes."
    )
    if seen.cluster_ip != "None" or not found:
        return refuted(evidence)
    if foreign or found != seen.pods:
        pods = "its pods" if found == seen.pods else "some of its pods only"
        others = ", and to other addresses besides" if foreign else ""
        return conditional(f"its name resolves to {pods}{others}", evidence)
    if seen.in_kernel_of:
        return conditional(f"kube-proxy on {', '.join(seen.in_kernel_of)} has rules for its pods", evidence)
    return confirmed(evidence)


def decide_outside(by_default: Mapping[str, int], routed: Mapping[str, int], connections: int) -> Decision:
    """18.1: clients outside the cluster reach neither pod IPs nor ClusterIPs by default.

    By kind of address: how many connections were answered, before and after the client was given a route to the pod
    and Service networks through a node.
    """
    evidence = (
        f"From a container beside the cluster, of {connections} connections to each, answered were: "
        f"{listed(by_default)}. With a route to these networks through a node: {listed(routed)}."
    )
    reached = [name for name, count in by_default.items() if count]
    shut = [name for name in by_default if name not in reached]
    opened = [name for name, count in routed.items() if count]
    if not shut:
        return refuted(evidence)
    if reached:
        return conditional(f"for a {' and a '.join(shut)}, and not for a {' and a '.join(reached)}", evidence)
    if opened:
        return conditional(
            f"as long as the client has no route through a node: with one it reaches a {' and a '.join(opened)}, "
            "because no filter keeps it out",
            evidence,
        )
    return confirmed(evidence)
