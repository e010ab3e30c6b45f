"""Defects of a node's kubelet."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes.client.exceptions import ApiException

from clusters.cluster import Node
from harness.kube.nodes.shell import KUBELET_CONFIG, NodeServices, static_pod_directory, wait_process
from harness.kube.wait import wait_until
from tests.planted.fault import Site

BACKUP = "/var/lib/kubelet/config.yaml.aside"
EMPTY_FOLDER = "/etc/kubernetes/nowhere"
RESTART_DEADLINE_S = 60.0


@contextmanager
def stopped(site: Site, node: Node) -> Iterator[None]:
    """Stop the node's kubelet; the containers that it started keep running."""
    with NodeServices(site.nodes).stopped(node, "kubelet"):
        wait_process(site.nodes, node, "kubelet", running=False)
        yield


@contextmanager
def without_static_pods(site: Site, node: Node) -> Iterator[None]:
    """Let the kubelet run static pods from an empty folder, while its configuration file names the usual one."""
    folder = static_pod_directory(site.nodes, node)
    change = f"s#^staticPodPath:.*#staticPodPath: {EMPTY_FOLDER}#"
    try:
        site.nodes.run(node, "mkdir", "-p", EMPTY_FOLDER)
        site.nodes.run(node, "cp", "--archive", KUBELET_CONFIG, BACKUP)
        site.nodes.run(node, "sh", "-c", f"sed {shlex.quote(change)} {BACKUP} > {KUBELET_CONFIG}")
        site.nodes.run(node, "systemctl", "restart", "kubelet")
        _wait_folder(site, node, EMPTY_FOLDER)
        site.nodes.run(node, "mv", BACKUP, KUBELET_CONFIG)
        yield
    finally:
        site.nodes.run(node, "sh", "-c", f"test ! -e {BACKUP} || mv {BACKUP} {KUBELET_CONFIG}")
        site.nodes.run(node, "systemctl", "restart", "kubelet")
        _wait_folder(site, node, folder)


def _wait_folder(site: Site, node: Node, folder: str) -> None:
    """Wait until the running kubelet reports this folder in its configuration; while it starts it does not answer."""
    path = f"/api/v1/nodes/{node.name}/proxy/configz"

    def running_folder() -> str:
        try:
            return str(site.kube.get(path)["kubeletconfig"]["staticPodPath"])
        except ApiException as error:
            return f"{error.status}"

    wait_until(
        f"the kubelet of node {node.name} with static pods from {folder}",
        running_folder,
        lambda seen: seen == folder,
        deadline_s=RESTART_DEADLINE_S,
    )
