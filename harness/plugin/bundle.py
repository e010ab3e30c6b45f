"""The evidence of a failed case: objects, logs and rules of its cluster. Bounded in size, and without Secrets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client.exceptions import ApiException

from clusters.cluster import Cluster
from clusters.errors import KubeproofError
from harness.dataplane.modes import DATA_PLANES
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.nodes.shell import NodeShell

FILE_LIMIT = 256 * 1024
BUNDLE_LIMIT = 4 * 1024 * 1024
"""Bytes. A container that logs a lot must not fill the disk of a nightly job."""

LISTED = (
    ("", "pods"),
    ("", "services"),
    ("", "events"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "daemonsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("discovery.k8s.io", "endpointslices"),
)
JOURNAL = ("journalctl", "--no-pager", "-u", "kubelet", "-u", "containerd", "-n", "200")


UNFIT_FOR_NAMES = re.compile(r"[^A-Za-z0-9_.,=+\[\]-]")
LONGEST_NAME = 150


def bundle_name(nodeid: str) -> str:
    """Return a folder name for a case: the case's own where every file system allows it, otherwise with a digest."""
    case = nodeid.rpartition("::")[2]
    name = UNFIT_FOR_NAMES.sub("_", case)[:LONGEST_NAME]
    if name == case and name.strip("."):
        return name
    digest = hashlib.sha256(case.encode(errors="backslashreplace")).hexdigest()[:8]
    return f"{name.lstrip('.')}-{digest}"


def collect_bundle(
    kube: Kube,
    shell: ProxyShell | None,
    namespace: str,
    directory: Path,
    failure: str,
    *,
    nodes: NodeShell | None = None,
) -> None:
    """Write one file for each part of the evidence into `directory`. A part that cannot be read holds the reason.

    Without `shell` kube-proxy's rules are omitted, without `nodes` the nodes' journals. An unreachable cluster or a
    full disk raises nothing: the bundle must not hide the failure that it documents.
    """
    # The report, which is written next, reports a full disk.
    with suppress(OSError):
        bundle = Bundle(directory)
        bundle.add("failure.txt", lambda: failure)
        _add_objects(bundle, kube, namespace)
        _add_logs(bundle, kube, namespace)
        if shell is not None:
            _add_rules(bundle, kube.cluster, shell)
        if nodes is not None:
            _add_journals(bundle, kube.cluster, nodes)


def _add_objects(bundle: Bundle, kube: Kube, namespace: str) -> None:
    for group, kind in LISTED:
        root = f"/apis/{group}/v1" if group else "/api/v1"
        bundle.add(f"{kind}.yaml", partial(_as_yaml, kube, f"{root}/namespaces/{namespace}/{kind}"))


def _add_logs(bundle: Bundle, kube: Kube, namespace: str) -> None:
    for pod, container, restarted in _containers(kube, namespace):
        for previous in (False, True) if restarted else (False,):
            name = f"log-{pod}-{container}{'-previous' if previous else ''}.txt"
            bundle.add(name, partial(kube.logs, namespace, pod, container=container, previous=previous))


def _add_rules(bundle: Bundle, cluster: Cluster, shell: ProxyShell) -> None:
    for node in cluster.nodes:
        for argv in (*DATA_PLANES[cluster.mode].listings, ("conntrack", "-L")):
            bundle.add(f"{node.name}-{argv[0]}.txt", partial(shell.run, node, *argv))


def _add_journals(bundle: Bundle, cluster: Cluster, nodes: NodeShell) -> None:
    for node in cluster.nodes:
        bundle.add(f"{node.name}-journal.txt", partial(nodes.run, node, *JOURNAL))


class Bundle:
    """A folder of evidence files with a limit on its size."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._left = BUNDLE_LIMIT
        directory.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, ask: Callable[[], str]) -> None:
        """Write the text that `ask` returns, truncated at the limits; a truncated file says so."""
        try:
            text = ask().encode(errors="replace")
        except (KubeproofError, ApiException, OSError) as failure:
            text = f"could not be read: {failure}\n".encode(errors="replace")
        limit = min(FILE_LIMIT, self._left)
        if len(text) > limit:
            # The limit may fall inside a multi-byte character.
            kept = text[:limit].decode(errors="ignore")
            text = f"{kept}\n... truncated here: {len(text)} bytes in total\n".encode()
        self._left = max(0, self._left - len(text))
        (self._directory / name).write_bytes(text)


def _as_yaml(kube: Kube, path: str) -> str:
    found = kube.get(path)
    for item in found.get("items", []):
        # managedFields is longer than the rest of the object and rarely of use.
        item["metadata"].pop("managedFields", None)
    return str(yaml.safe_dump(found, sort_keys=False))


def _containers(kube: Kube, namespace: str) -> Iterator[tuple[str, str, bool]]:
    """Yield pod, container and whether it was restarted; nothing if the pods cannot be read (`pods.yaml` says why)."""
    with suppress(KubeproofError, ApiException):
        pods: list[dict[str, Any]] = kube.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        for pod in pods:
            status = pod.get("status", {})
            known = (*status.get("initContainerStatuses", []), *status.get("containerStatuses", []))
            restarts = {container["name"]: container["restartCount"] for container in known}
            for container in (*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]):
                name = container["name"]
                yield pod["metadata"]["name"], name, restarts.get(name, 0) > 0
