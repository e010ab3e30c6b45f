"""kube-proxy on substrate `uml`: kubeadm's own manifests, with the IPVS director in place of kube-proxy.

The director (LVS's term for the machine that balances) runs kube-proxy in a user-mode Linux guest. kubeadm prints the
manifests that it would install (`kubeadm init phase addon kube-proxy --print-manifest`). Account and roles stay
unchanged, and the configuration gets the mode. The DaemonSet gets another image, memory for the guest kernel, and
probes that succeed once kube-proxy's first sync is done.
"""

from __future__ import annotations

import copy
from typing import Any

import yaml

from clusters.spec import Mode

PRINT_MANIFESTS = (
    *("kubeadm", "init", "phase", "addon", "kube-proxy"),
    *("--config=/kind/kubeadm.conf", "--print-manifest"),
)
GUEST_MEMORY = "768M"
MEMORY_FILE_SIZE = "896Mi"
"""The size limit of the volume that holds the guest's memory. Pages that the guest has never used take no space."""

SOCKET_DIRECTORY = "/run/kubeproof"
SOCKET = f"{SOCKET_DIRECTORY}/director.sock"
"""The director's socket, at the same path on the node and in its pod. Its `server.py` describes the requests."""

KERNEL_DIRECTORY = "/usr/local/lib/kubeproof/kernel"
"""The directory, on the node and in the pod, of the program `linux`: Kubeproof's own kernel. Without it the director
runs the kernel of Debian's package."""

GUEST_NETWORK = "169.254.77.0/30"
"""The network of the veth pair between node and guest. The node redirects its node ports to the guest's address there,
which kube-proxy would not accept in nftables mode: its default is the node's primary address.
https://kubernetes.io/docs/reference/networking/virtual-ips/#nodeport-nftables
"""

FIRST_SYNC_TIMEOUT_S = 300

CPU_REQUEST = "250m"
"""The guest's CPU request, which sets its share of a busy node's CPUs. Every packet to a Service passes through the
guest. Without a request it would get the smallest share and stop for seconds, while the kernel of a real node, which
needs no share, continues.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run
"""


def director_manifests(
    printed: str, image: str, mode: Mode, scheduler: str, service_cidr: str
) -> tuple[dict[str, Any], ...]:
    """Return kubeadm's manifests for kube-proxy, given as YAML in `printed`, adapted to the IPVS director."""
    documents = [document for document in yaml.safe_load_all(printed) if document]
    return tuple(_adapted(document, image, mode, scheduler, service_cidr) for document in documents)


def _adapted(document: dict[str, Any], image: str, mode: Mode, scheduler: str, service_cidr: str) -> dict[str, Any]:
    match document["kind"]:
        case "ConfigMap":
            return with_mode(document, mode, scheduler)
        case "DaemonSet":
            return with_director(document, image, service_cidr)
        case _:
            return document


def with_mode(config_map: dict[str, Any], mode: Mode, scheduler: str) -> dict[str, Any]:
    """Return the ConfigMap with `mode` and `scheduler`, which kind omits if it installs no kube-proxy."""
    adapted = copy.deepcopy(config_map)
    config = yaml.safe_load(adapted["data"]["config.conf"])
    config["mode"] = str(mode)
    config["ipvs"]["scheduler"] = scheduler
    # The values that kind sets for every other cluster.
    config["iptables"]["minSyncPeriod"] = "1s"
    config["conntrack"]["maxPerCore"] = 0
    config["nodePortAddresses"] = [GUEST_NETWORK]
    adapted["data"]["config.conf"] = yaml.safe_dump(config)
    return adapted


def with_director(daemon_set: dict[str, Any], image: str, service_cidr: str) -> dict[str, Any]:
    """Return the DaemonSet with the director as its container."""
    adapted = copy.deepcopy(daemon_set)
    pod = adapted["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    container.pop("command")
    container["image"] = image
    container["resources"] = {"requests": {"cpu": CPU_REQUEST}}
    container["env"] += [
        {"name": "SERVICE_CIDR", "value": service_cidr},
        {"name": "UML_MEM", "value": GUEST_MEMORY},
    ]
    probe = {"exec": {"command": ["director", "ready"]}, "timeoutSeconds": 5}
    # Probe often until the first sync and rarely afterwards, because a probe uses CPU time that kube-proxy needs.
    container["startupProbe"] = {**probe, "periodSeconds": 1, "failureThreshold": FIRST_SYNC_TIMEOUT_S}
    container["readinessProbe"] = {**probe, "periodSeconds": 10}
    # If the guest crashes, the reason is at the end of its log. With this, `kubectl describe pod` shows it.
    container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    # The guest loads its own kernel's modules, and its tables do not need the node's lock.
    omitted = {"lib-modules", "xtables-lock"}
    container["volumeMounts"] = [
        *(mount for mount in container["volumeMounts"] if mount["name"] not in omitted),
        {"name": "guest-memory", "mountPath": "/uml-mem"},
        {"name": "director", "mountPath": SOCKET_DIRECTORY},
        {"name": "kernel", "mountPath": KERNEL_DIRECTORY, "readOnly": True},
    ]
    pod["volumes"] = [
        *(volume for volume in pod["volumes"] if volume["name"] not in omitted),
        {"name": "guest-memory", "emptyDir": {"medium": "Memory", "sizeLimit": MEMORY_FILE_SIZE}},
        {"name": "director", "hostPath": {"path": SOCKET_DIRECTORY, "type": "DirectoryOrCreate"}},
        {"name": "kernel", "hostPath": {"path": KERNEL_DIRECTORY, "type": "DirectoryOrCreate"}},
    ]
    return adapted
