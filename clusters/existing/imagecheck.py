"""The check, before any case runs, that every node can pull the images for cases, by a short-lived pod on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.existing.api import ClusterApi
from clusters.existing.podstart import START_TIMEOUT_S, PodStart, all_pulled
from clusters.existing.toolspod import tools_pod_name
from clusters.host.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """A check that lets nodes of a cluster pull images, by pods in `namespace`."""

    api: ClusterApi
    cluster: str
    namespace: str
    clock: Clock = field(default_factory=SystemClock)

    def require(self, nodes: tuple[str, ...], images: Mapping[str, str]) -> None:
        """Wait until every node has pulled all of `images`, which are references by purpose.

        Raises `ImageUnavailable` with the kubelet's message, `ClusterNotReady` for a node that reports nothing in time.
        """
        if not images:
            return
        pods = {f"images-{tools_pod_name(node)}": node for node in nodes}
        try:
            for name, node in pods.items():
                self.api.create_pod(self.namespace, image_pod(name, node, images))
            PodStart(self.api, self.cluster, self.namespace, pods, self.clock).wait(all_pulled)
        finally:
            for name in pods:
                self.api.delete_pod(name, self.namespace)


def image_pod(name: str, node: str, images: Mapping[str, str]) -> dict[str, Any]:
    """Return a pod with one container for each image. Whether its program succeeds has no meaning for the check."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "images"}},
        "spec": {
            "nodeName": node,
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": int(2 * START_TIMEOUT_S),
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {"name": purpose, "image": reference, "command": ["true"]} for purpose, reference in images.items()
            ],
        },
    }
