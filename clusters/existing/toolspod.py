"""The pod that brings tools to a node: it reads where the node's kube-proxy writes, and may do little else.

Images of kube-proxy have no ipvsadm, curl or sysctl, and for some releases no conntrack; nodes have what their
distribution has. So every reader of a node's kernel runs in a pod of an image of ours there.
"""

from __future__ import annotations

import hashlib
from typing import Any

from clusters.existing.ownnamespace import LIFETIME_S

CAPABILITIES = ("NET_ADMIN", "NET_RAW")
"""Netfilter, ipsets, ipvs and connection tracking are listed over netlink sockets for network administrators; legacy
iptables lists over a raw socket. Signals to kube-proxy take none, since both run as root."""

MODULES = "/lib/modules"


def tools_pod_name(node: str) -> str:
    """The name of a node's pod. A node's own name may be too long to be part of it."""
    return f"tools-{hashlib.sha256(node.encode()).hexdigest()[:10]}"


def tools_pod(node: str, image: str, *, signals: bool) -> dict[str, Any]:
    """Return the manifest for a node. With `signals`, programs in it may pause the node's kube-proxy.

    It shares the node's network, for its kernel's tables and kube-proxy's pages on the loopback, and its processes, for
    what kube-proxy has used. It is not privileged and its own files cannot be written.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": tools_pod_name(node), "labels": {"app": "tools"}},
        "spec": {
            "nodeName": node,
            "hostNetwork": True,
            "hostPID": True,
            "restartPolicy": "Always",
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": LIFETIME_S,
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": "tools",
                    "image": image,
                    "command": ["sleep", "infinity"],
                    # As cases' pods: one that requests nothing stands still on a busy node.
                    "resources": {"requests": {"cpu": "50m"}},
                    "securityContext": _security(signals),
                    # What could be loaded on demand, for `modprobe --dry-run`.
                    "volumeMounts": [{"name": "modules", "mountPath": MODULES, "readOnly": True}],
                }
            ],
            "volumes": [{"name": "modules", "hostPath": {"path": MODULES}}],
        },
    }


def _security(signals: bool) -> dict[str, Any]:
    # Runtimes' AppArmor profile lets no signal out to processes of another one.
    unconfined = {"appArmorProfile": {"type": "Unconfined"}} if signals else {}
    return {
        "runAsUser": 0,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": list(CAPABILITIES)},
        "seccompProfile": {"type": "RuntimeDefault"},
        # SELinux's type for containers may read no other container's process; nodes without SELinux ignore this.
        "seLinuxOptions": {"type": "spc_t"},
        **unconfined,
    }
