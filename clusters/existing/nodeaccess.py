"""Programs on the nodes of an existing cluster, if the user allows them: each runs in its own privileged pod."""

from __future__ import annotations

import secrets
from typing import Any

from clusters.cluster import Node
from clusters.existing.api import ClusterApi
from clusters.host.command import CommandResult

START_TIMEOUT_S = 60.0
INTO_THE_NODE = ("nsenter", "-t", "1", "-m", "-u", "-i", "-n", "-p", "--")
"""The command that enters the namespaces of the node's init process. agnhost's nsenter is that of busybox, which has
only short options."""


def run_in_node_pod(api: ClusterApi, node: Node, image: str, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
    """Run a program as root on the node. Raises `CommandFailed`, `ClusterNotReady`."""
    pod = node_pod(node, image, timeout_s)
    name = str(pod["metadata"]["name"])
    try:
        api.run_pod(pod, START_TIMEOUT_S)
        return api.exec(name, (*INTO_THE_NODE, *argv), timeout_s)
    finally:
        api.delete_pod(name)


def node_pod(node: Node, image: str, timeout_s: float) -> dict[str, Any]:
    """Return the pod's manifest. If this process is killed, the kubelet ends the pod at its deadline."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"kubeproof-node-{secrets.token_hex(4)}",
            "labels": {"io.kubeproof.node-access": "true"},
        },
        "spec": {
            "nodeName": node.name,
            "hostPID": True,
            "hostNetwork": True,
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": int(START_TIMEOUT_S + timeout_s),
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {"name": "node", "image": image, "args": ["pause"], "securityContext": {"privileged": True}}
            ],
        },
    }
