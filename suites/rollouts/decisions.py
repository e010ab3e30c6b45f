"""Decisions on the claims about Deployments and DaemonSets: one function for each claim, from what a case observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.suite import Decision, conditional, confirmed, list_of, refuted

KEEPING_OFF = ("NoSchedule", "NoExecute")
TOLERATED = {
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
}
"""Key and effect of the taints that the pods of every DaemonSet tolerate, even without tolerations in its template.

Pods with hostNetwork also tolerate network-unavailable. The suite's pods do not use hostNetwork.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
"""


def tainted_nodes(nodes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the nodes whose taints keep off pods of a DaemonSet without tolerations."""
    return tuple(
        str(node["metadata"]["name"]) for node in nodes if any(map(_keeps_off, node["spec"].get("taints", [])))
    )


def _keeps_off(taint: Mapping[str, Any]) -> bool:
    return taint["effect"] in KEEPING_OFF and (taint["key"], taint["effect"]) not in TOLERATED


@dataclass(frozen=True, slots=True)
class PodsKept:
    """Ready pods of a Deployment after one was deleted, and after those on one node were evicted.

    `pending_after_drain` counts pods that are unschedulable after the eviction. `on_drained` counts Ready pods on the
    drained node.
    """

    replicas: int
    after_delete: int
    after_drain: int
    pending_after_drain: int
    evicted: int
    drained: str
    on_drained: int


def decide_replicas(seen: PodsKept) -> Decision:
    """9.1: a Deployment keeps its number of replicas."""
    evidence = (
        f"After one of {seen.replicas} pods was deleted, {seen.after_delete} were Ready. After {seen.evicted} were "
        f"evicted from node {seen.drained}, which was cordoned, {seen.after_drain} were Ready, {seen.on_drained} of "
        f"them on that node, and {seen.pending_after_drain} were unschedulable."
    )
    replaced = seen.after_delete == seen.replicas
    moved = seen.after_drain == seen.replicas and not seen.on_drained
    if replaced and moved:
        return confirmed(evidence)
    if replaced and seen.pending_after_drain and seen.after_drain + seen.pending_after_drain == seen.replicas:
        return conditional("as long as its pods can be scheduled on another node", evidence)
    if replaced:
        return conditional("after a pod is deleted, but not after a node is drained", evidence)
    if moved:
        return conditional("after a node is drained, but not after a pod is deleted", evidence)
    return refuted(evidence)


@dataclass(frozen=True, slots=True)
class DaemonPods:
    """The number of Ready pods on each node, for three DaemonSets.

    `tolerant` tolerates every taint, `plain` has no tolerations, and `chosen` has a node selector that matches
    `labelled`, which got the label after the DaemonSet was created. `nodes` are all nodes of the cluster, `tainted`
    those with a taint that keeps off the pods of `plain`.
    """

    nodes: tuple[str, ...]
    tainted: tuple[str, ...]
    tolerant: Mapping[str, int]
    plain: Mapping[str, int]
    chosen: Mapping[str, int]
    labelled: str
    replicas_refused: bool


def decide_daemon_set(seen: DaemonPods) -> Decision:
    """13.1: a DaemonSet runs one pod on every node, and has no field for replicas."""
    evidence = (
        f"Ready pods by node, for a DaemonSet that tolerates every taint: {list_of(seen.tolerant) or 'none'}; for one "
        f"without tolerations: {list_of(seen.plain) or 'none'}; for one whose node selector matches a label that "
        f"{seen.labelled} got later: {list_of(seen.chosen) or 'none'}. With strict field validation the API server "
        f"{'refused' if seen.replicas_refused else 'accepted'} the field spec.replicas."
    )
    one_each = dict.fromkeys(seen.nodes, 1)
    followed = dict(seen.chosen) == {seen.labelled: 1}
    untainted = set(seen.nodes) - set(seen.tainted)
    plain_right = untainted <= set(seen.plain) and set(seen.plain.values()) <= {1}
    if dict(seen.tolerant) != one_each or not plain_right or not followed or not seen.replicas_refused:
        return refuted(evidence)
    if seen.tainted and set(seen.nodes) <= set(seen.plain):
        return confirmed(evidence)
    return conditional(
        "on every node whose taints its pods tolerate and whose labels match its node selector", evidence
    )
