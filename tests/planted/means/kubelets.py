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

ASIDE = "/var/lib/kubelet/config.yaml.aside"
NOWHERE = "/etc/kubernetes/nowhere"
RESTART_DEADLINE_S = 60.0


@contextmanager
def stopped(site: Site, node: Node) -> Iterator[None]:
    """No kubelet runs on the node; the containers it started do."""
    with NodeServices(site.nodes).stopped(node, "kubelet"):
        wait_process(site.nodes, node, "kubelet", running=False)
        yield


@contextmanager
def without_static_pods(site: Site, node: Node) -> Iterator[None]:
    """The kubelet runs the static pods of another folder than its configuration file tells."""
    folder = static_pod_directory(site.nodes, node)
    change = f"s#^staticPodPath:.*#staticPodPath: {NOWHERE}#"
    try:
        site.nodes.run(node, "mkdir", "-p", NOWHERE)
        site.nodes.run(node, "cp", "--archive", KUBELET_CONFIG, ASIDE)
        site.nodes.run(node, "sh", "-c", f"sed {shlex.quote(change)} {ASIDE} > {KUBELET_CONFIG}")
        site.nodes.run(node, "systemctl", "restart", "kubelet")
        _wait_folder(site, node, NOWHERE)
        site.nodes.run(node, "mv", ASIDE, KUBELET_CONFIG)
        yield
    finally:
        site.nodes.run(node, "sh", "-c", f"test ! -e {ASIDE} || mv {ASIDE} {KUBELET_CONFIG}")
        site.nodes.run(node, "systemctl", "restart", "kubelet")
        _wait_folder(site, node, folder)


def _wait_folder(site: Site, node: Node, folder: str) -> None:
    """The running kubelet tells its configuration; while it starts it does not answer."""
    path = f"/api/v1/nodes/{node.name}/proxy/configz"

    def told() -> str:
        try:
            return str(site.kube.get(path)["kubeletconfig"]["staticPodPath"])
        except ApiException as silence:
            return f"{silence.status}"

    wait_until(
        f"the kubelet of node {node.name} with static pods of {folder}",
        told,
        lambda seen: seen == folder,
        deadline_s=RESTART_DEADLINE_S,
    )
