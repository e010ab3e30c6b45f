"""kube-proxy on substrate `uml`: kubeadm's own manifests, with the director in kube-proxy's place.

kubeadm prints what it would install (`kubeadm init phase addon kube-proxy --print-manifest`). Account,
roles and configuration stay as they are; the DaemonSet gets another image, memory for the guest kernel,
and a readiness that means "the first sync is done".
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
"""The guest's memory is a file in memory; what it never touched takes no room."""

SOCKET_DIRECTORY = "/run/kubeproof"
SOCKET = f"{SOCKET_DIRECTORY}/director.sock"
"""Where the director is asked, on the node as in its pod; how, says its `server.py`."""

FIRST_SYNC_TIMEOUT_S = 300

CPU_REQUEST = "250m"
"""The guest's share of a busy node's processors. Every packet to a Service goes through the guest: with no request
it would have the least share there is, and stand still for seconds where a real node's kernel, which needs no share,
goes on. https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run
"""


def director_manifests(
    printed: str, image: str, mode: Mode, scheduler: str, service_cidr: str
) -> tuple[dict[str, Any], ...]:
    """kubeadm's manifests for kube-proxy, as YAML in `printed`, made fit for the director."""
    documents = [document for document in yaml.safe_load_all(printed) if document]
    return tuple(_fit(document, image, mode, scheduler, service_cidr) for document in documents)


def _fit(document: dict[str, Any], image: str, mode: Mode, scheduler: str, service_cidr: str) -> dict[str, Any]:
    match document["kind"]:
        case "ConfigMap":
            return with_mode(document, mode, scheduler)
        case "DaemonSet":
            return with_director(document, image, service_cidr)
        case _:
            return document


def with_mode(config_map: dict[str, Any], mode: Mode, scheduler: str) -> dict[str, Any]:
    """The ConfigMap for `mode`. kind leaves it out of its configuration where it asks for no proxy."""
    fitted = copy.deepcopy(config_map)
    config = yaml.safe_load(fitted["data"]["config.conf"])
    config["mode"] = str(mode)
    config["ipvs"]["scheduler"] = scheduler
    # As kind sets them for every other cluster.
    config["iptables"]["minSyncPeriod"] = "1s"
    config["conntrack"]["maxPerCore"] = 0
    fitted["data"]["config.conf"] = yaml.safe_dump(config)
    return fitted


def with_director(daemon_set: dict[str, Any], image: str, service_cidr: str) -> dict[str, Any]:
    """The DaemonSet with the director as its container."""
    fitted = copy.deepcopy(daemon_set)
    pod = fitted["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    container.pop("command")
    container["image"] = image
    container["resources"] = {"requests": {"cpu": CPU_REQUEST}}
    container["env"] += [
        {"name": "SERVICE_CIDR", "value": service_cidr},
        {"name": "UML_MEM", "value": GUEST_MEMORY},
    ]
    asked = {"exec": {"command": ["director", "ready"]}, "timeoutSeconds": 5}
    # Often until the first sync; afterwards seldom, because an answer costs the guest what its proxy needs.
    container["startupProbe"] = {**asked, "periodSeconds": 1, "failureThreshold": FIRST_SYNC_TIMEOUT_S}
    container["readinessProbe"] = {**asked, "periodSeconds": 10}
    # A guest that dies tells why at the end of the log; so `kubectl describe pod` shows it.
    container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    # The guest loads its own kernel's modules, and its tables need no lock of the node's.
    left_out = {"lib-modules", "xtables-lock"}
    container["volumeMounts"] = [
        *(mount for mount in container["volumeMounts"] if mount["name"] not in left_out),
        {"name": "guest-memory", "mountPath": "/uml-mem"},
        {"name": "director", "mountPath": SOCKET_DIRECTORY},
    ]
    pod["volumes"] = [
        *(volume for volume in pod["volumes"] if volume["name"] not in left_out),
        {"name": "guest-memory", "emptyDir": {"medium": "Memory", "sizeLimit": MEMORY_FILE_SIZE}},
        {"name": "director", "hostPath": {"path": SOCKET_DIRECTORY, "type": "DirectoryOrCreate"}},
    ]
    return fitted
