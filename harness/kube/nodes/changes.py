"""Nodes: who is on them, and changes to them through the API server, each put back at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from clusters.cluster import Node
from harness.kube.client import Kube
from harness.kube.kinds import node_path
from harness.kube.nodes.scheduler import SchedulerView


class NodeChanger:
    """Changes nodes while a block lasts; undoes every change at its end, the last one first.

    A change that keeps pods off a node is made when the `scheduler` knows of it, too.
    """

    def __init__(self, kube: Kube, scheduler: SchedulerView) -> None:
        self._kube = kube
        self._scheduler = scheduler
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def label(self, node: str, key: str, value: str) -> None:
        """Give a node a label it does not have."""
        self._undo.callback(self._set_label, node, key, None)
        self._set_label(node, key, value)

    def remove_label(self, node: str, key: str) -> None:
        """Take a label away; one that is not there is a success."""
        self._set_label(node, key, None)
        self._scheduler.wait_known(node)

    def taint(self, node: str, key: str, effect: str, value: str = "") -> None:
        """Give a node a taint of a key it has none of."""
        self._undo.callback(self.remove_taint, node, key)
        self._change_taints(node, key, [{"key": key, "value": value, "effect": effect}])
        self._scheduler.wait_known(node)

    def remove_taint(self, node: str, key: str) -> None:
        """Take all taints of a key away; none is a success."""
        self._change_taints(node, key, [])

    def cordon(self, node: str) -> None:
        """Let the scheduler put no more pods there."""
        self._undo.callback(self.uncordon, node)
        self._kube.merge(node_path(node), {"spec": {"unschedulable": True}})
        self._scheduler.wait_known(node)

    def uncordon(self, node: str) -> None:
        """Let the scheduler use a node again."""
        self._kube.merge(node_path(node), {"spec": {"unschedulable": None}})

    def add_capacity(self, node: str, resource: str, amount: int) -> None:
        """Give a node `amount` of an extended resource, which the scheduler counts and nothing else uses.

        https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/
        """
        self._undo.callback(self._set_capacity, node, resource, None)
        self._set_capacity(node, resource, str(amount))

    def _set_label(self, node: str, key: str, value: str | None) -> None:
        self._kube.merge(node_path(node), {"metadata": {"labels": {key: value}}})

    def _set_capacity(self, node: str, resource: str, amount: str | None) -> None:
        # The kubelet sets allocatable from capacity with its next status, which may take a while: both are set.
        change = {"status": {"capacity": {resource: amount}, "allocatable": {resource: amount}}}
        self._kube.merge(f"{node_path(node)}/status", change)

    def _change_taints(self, node: str, key: str, added: list[dict[str, Any]]) -> None:
        # The list is replaced as a whole; its resourceVersion keeps somebody else's change from being lost.
        found = self._kube.get(node_path(node))
        kept = [taint for taint in found["spec"].get("taints", []) if taint["key"] != key]
        change = {
            "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
            "spec": {"taints": [*kept, *added]},
        }
        self._kube.merge(node_path(node), change)


def nodes_of(pods: Iterable[dict[str, Any]]) -> Counter[str]:
    """How many of the pods are on each node."""
    return Counter(str(pod["spec"]["nodeName"]) for pod in pods)


def evict(kube: Kube, namespace: str, pod: str) -> None:
    """Ask for a pod's end as `kubectl drain` does. Raises `ApiException` where a disruption budget forbids it."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    kube.request("POST", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", eviction)


def spare_worker(kube: Kube) -> Node:
    """The worker that bears the fewest pods of the cluster itself which could run elsewhere."""
    found = kube.get("/api/v1/namespaces/kube-system/pods")["items"]
    movable = [pod for pod in found if any(owner["kind"] == "ReplicaSet" for owner in _owners(pod))]
    load = nodes_of(pod for pod in movable if "nodeName" in pod["spec"])
    return min(kube.cluster.workers, key=lambda node: load[node.name])


def _owners(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod["metadata"].get("ownerReferences", []))
