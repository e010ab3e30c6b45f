"""A check that the scheduler has received the latest changes of a node.

The scheduler receives nodes through its own watch. It may still bind a pod that is created right after a change as if
the node had not changed. This was seen once: the kubelet rejected the pod (NodeAffinity), and the pod ended as Failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from harness.kube.client import Kube
from harness.kube.kinds import node_path
from harness.kube.objects.workloads import pod_spec
from harness.kube.wait import Waits

MARK_PREFIX = "known.kubeproof.io"


class SchedulerView(Protocol):
    """A way to wait until the scheduler has received a change of a node."""

    def wait_node_received(self, node: str) -> None:
        """Wait until the scheduler has received the node's current state."""


@dataclass(frozen=True, slots=True)
class SchedulerObserver:
    """A `SchedulerView` that creates a pod which can be bound only by the node's latest label.

    The pod is created in `namespace` and tolerates every taint. The label is named after `namespace`, because another
    case may observe the same node. A watch reports the changes of one object in order
    (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes), so a scheduler that
    has received the latest label has received all earlier changes, too.
    """

    kube: Kube
    waits: Waits
    namespace: str

    def wait_node_received(self, node: str) -> None:
        """Wait until the scheduler has received the node's current state. Raises `DeadlinePassed`."""
        mark = self.kube.get(node_path(node))["metadata"]["resourceVersion"]
        name = f"scheduler-observer-{mark}"
        self._set_mark(node, mark)
        try:
            self.kube.create(self.namespace, self._pod(name, mark))
            self.waits.wait_pod(
                self.namespace, name, f"bound to {node} by its latest label", lambda pod: "nodeName" in pod["spec"]
            )
            self.kube.request("DELETE", f"/api/v1/namespaces/{self.namespace}/pods/{name}")
        finally:
            self._set_mark(node, None)

    @property
    def _key(self) -> str:
        return f"{MARK_PREFIX}/{self.namespace}"

    def _set_mark(self, node: str, mark: str | None) -> None:
        self.kube.merge(node_path(node), {"metadata": {"labels": {self._key: mark}}})

    def _pod(self, name: str, mark: str) -> dict[str, Any]:
        container = {"name": "main", "image": self.kube.cluster.images.agnhost, "args": ["pause"]}
        spec = pod_spec(container, nodeSelector={self._key: mark}, tolerations=[{"operator": "Exists"}])
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
