"""The tools pod: it reads a node's kernel tables, where kube-proxy writes, and has few other permissions.

kube-proxy's images have no ipvsadm, curl or sysctl, and in some releases no conntrack. The tools of nodes depend on
their distribution. So all programs that read a node's kernel run in this pod, with Kubeproof's own image.
"""

from __future__ import annotations

import hashlib
from typing import Any

from clusters.existing.ownnamespace import LIFETIME_S

CAPABILITIES = ("NET_ADMIN", "NET_RAW")
"""The pod's capabilities. Netlink sockets that list netfilter, ipsets, ipvs and connection tracking require NET_ADMIN;
legacy iptables lists through a raw socket, which requires NET_RAW. Signals to kube-proxy require none, because both run
as root."""

MODULES = "/lib/modules"


def tools_pod_name(node: str) -> str:
    """Return the name of a node's pod. It contains a hash, because the node's name may be too long."""
    return f"tools-{hashlib.sha256(node.encode()).hexdigest()[:10]}"


def tools_pod(node: str, image: str, *, signals: bool) -> dict[str, Any]:
    """Return the manifest for a node's pod. With `signals`, programs in it may send signals to kube-proxy.

    The pod shares the node's network namespace, to read the kernel's tables and kube-proxy's HTTP endpoints on the
    loopback, and its PID namespace, to read kube-proxy's resource usage. It is not privileged, and its root file system
    is read-only.
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
                    # Without a CPU request the pod would get almost no CPU time on a busy node.
                    "resources": {"requests": {"cpu": "50m"}},
                    "securityContext": _security(signals),
                    # The modules that the kernel could load, for `modprobe --dry-run`.
                    "volumeMounts": [{"name": "modules", "mountPath": MODULES, "readOnly": True}],
                }
            ],
            "volumes": [{"name": "modules", "hostPath": {"path": MODULES}}],
        },
    }


def _security(signals: bool) -> dict[str, Any]:
    # The runtimes' default AppArmor profile forbids signals to processes with another profile.
    unconfined = {"appArmorProfile": {"type": "Unconfined"}} if signals else {}
    return {
        "runAsUser": 0,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": list(CAPABILITIES)},
        "seccompProfile": {"type": "RuntimeDefault"},
        # SELinux's default type for containers forbids reading other containers' processes. Nodes without SELinux
        # ignore this setting.
        "seLinuxOptions": {"type": "spc_t"},
        **unconfined,
    }
