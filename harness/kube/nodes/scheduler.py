"""Does the scheduler know what a node has become?

It learns of nodes by a watch of its own. A pod that is made right after a node was changed may still be bound as if
nothing had changed: seen once, the kubelet then refused that pod (NodeAffinity), and it ended as Failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from harness.kube.client import Kube
from harness.kube.kinds import node_path
from harness.kube.objects.workloads import pod_spec
from harness.kube.wait import Waits

MARK = "kubeproof.io/known"


class SchedulerView(Protocol):
    """What the scheduler knows of nodes."""

    def wait_known(self, node: str) -> None:
        """Return when the scheduler knows the node as it is now."""


@dataclass(frozen=True, slots=True)
class SchedulerObserver:
    """A pod in `namespace` that only a scheduler which knows can bind, whatever taints the node has.

    A watch tells the changes of one object in their order
    (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes), so that who knows
    the node's latest label knows all that came before.
    """

    kube: Kube
    waits: Waits
    namespace: str

    def wait_known(self, node: str) -> None:
        """Return when the scheduler knows the node as it is now. Raises `DeadlinePassed`."""
        mark = self.kube.get(node_path(node))["metadata"]["resourceVersion"]
        name = f"witness-{mark}"
        self._mark(node, mark)
        try:
            self.kube.create(self.namespace, self._pod(name, mark))
            self.waits.wait_pod(
                self.namespace, name, f"bound to {node} as it is now", lambda pod: "nodeName" in pod["spec"]
            )
            self.kube.request("DELETE", f"/api/v1/namespaces/{self.namespace}/pods/{name}")
        finally:
            self._mark(node, None)

    def _mark(self, node: str, mark: str | None) -> None:
        self.kube.merge(node_path(node), {"metadata": {"labels": {MARK: mark}}})

    def _pod(self, name: str, mark: str) -> dict[str, Any]:
        container = {"name": "main", "image": self.kube.cluster.images.agnhost, "args": ["pause"]}
        spec = pod_spec(container, nodeSelector={MARK: mark}, tolerations=[{"operator": "Exists"}])
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
