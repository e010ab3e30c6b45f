"""Changes to nodes through the API server, each undone at the end of a block, and helpers for pods on nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from clusters.cluster import Node
from harness.kube.client import Kube
from harness.kube.kinds import node_path
from harness.kube.nodes.reversible import ReversibleChanges
from harness.kube.nodes.scheduler import SchedulerView


class NodeChanger(ReversibleChanges):
    """Changes to nodes through the API server.

    Methods that keep pods off a node return only when the `scheduler` knows the change, too.
    """

    def __init__(self, kube: Kube, scheduler: SchedulerView) -> None:
        super().__init__()
        self._kube = kube
        self._scheduler = scheduler

    def label(self, node: str, key: str, value: str) -> None:
        """Add a label that the node does not have yet."""
        self._undo.callback(self._set_label, node, key, None)
        self._set_label(node, key, value)

    def remove_label(self, node: str, key: str) -> None:
        """Remove a label. A label that does not exist is a success."""
        self._set_label(node, key, None)
        self._scheduler.wait_node_received(node)

    def taint(self, node: str, key: str, effect: str, value: str = "") -> None:
        """Add a taint whose key the node has no taint of yet."""
        self._undo.callback(self.remove_taint, node, key)
        self._change_taints(node, key, [{"key": key, "value": value, "effect": effect}])
        self._scheduler.wait_node_received(node)

    def remove_taint(self, node: str, key: str) -> None:
        """Remove all taints of a key. A key without taints is a success."""
        self._change_taints(node, key, [])

    def cordon(self, node: str) -> None:
        """Mark the node as unschedulable."""
        self._undo.callback(self.uncordon, node)
        self._kube.merge(node_path(node), {"spec": {"unschedulable": True}})
        self._scheduler.wait_node_received(node)

    def uncordon(self, node: str) -> None:
        """Mark the node as schedulable again."""
        self._kube.merge(node_path(node), {"spec": {"unschedulable": None}})

    def add_capacity(self, node: str, resource: str, amount: int) -> None:
        """Add `amount` of an extended resource to a node; only the scheduler takes it into account.

        https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/
        """
        self._undo.callback(self._set_capacity, node, resource, None)
        self._set_capacity(node, resource, str(amount))

    def _set_label(self, node: str, key: str, value: str | None) -> None:
        self._kube.merge(node_path(node), {"metadata": {"labels": {key: value}}})

    def _set_capacity(self, node: str, resource: str, amount: str | None) -> None:
        # The kubelet derives allocatable from capacity only with its next status update, so set both.
        change = {"status": {"capacity": {resource: amount}, "allocatable": {resource: amount}}}
        self._kube.merge(f"{node_path(node)}/status", change)

    def _change_taints(self, node: str, key: str, added: list[dict[str, Any]]) -> None:
        # The patch replaces the whole list; the resourceVersion makes it fail if another client changed the node.
        found = self._kube.get(node_path(node))
        kept = [taint for taint in found["spec"].get("taints", []) if taint["key"] != key]
        change = {
            "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
            "spec": {"taints": [*kept, *added]},
        }
        self._kube.merge(node_path(node), change)


def nodes_of(pods: Iterable[dict[str, Any]]) -> Counter[str]:
    """Return the number of the pods on each node."""
    return Counter(str(pod["spec"]["nodeName"]) for pod in pods)


def evict(kube: Kube, namespace: str, pod: str) -> None:
    """Evict a pod as `kubectl drain` does. Raises `ApiException` if a PodDisruptionBudget forbids it."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    kube.request("POST", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", eviction)


def spare_worker(kube: Kube) -> Node:
    """Return the worker with the fewest movable pods (pods of a ReplicaSet) in the namespace kube-system."""
    found = kube.get("/api/v1/namespaces/kube-system/pods")["items"]
    movable = [pod for pod in found if any(owner["kind"] == "ReplicaSet" for owner in _owners(pod))]
    load = nodes_of(pod for pod in movable if "nodeName" in pod["spec"])
    return min(kube.cluster.workers, key=lambda node: load[node.name])


def _owners(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod["metadata"].get("ownerReferences", []))
