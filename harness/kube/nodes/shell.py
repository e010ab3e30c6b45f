"""Programs that are run on nodes, and changes made with them; each change is undone at the end of its block."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, Protocol

import yaml

from clusters.addons.guard import UPLINK
from clusters.cluster import Cluster, Node
from clusters.errors import CommandFailed
from clusters.nodes.access import NodeAccess
from harness.kube.nodes.reversible import ReversibleChanges
from harness.kube.wait import wait_until

KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
END_DEADLINE_S = 60.0


class NodeShell(Protocol):
    """A way to run programs on a node as root."""

    def run(self, node: Node, *argv: str) -> str:
        """Run a program on the node and return its output. Raises `CommandFailed`."""


class ClusterNodeShell:
    """A shell on the nodes of a real cluster."""

    def __init__(self, access: NodeAccess, cluster: Cluster) -> None:
        self._access = access
        self._cluster = cluster

    def run(self, node: Node, *argv: str) -> str:
        return self._access.run_on_node(self._cluster, node, argv).stdout


class NodeServices:
    """The systemd services of nodes."""

    def __init__(self, shell: NodeShell) -> None:
        self._shell = shell

    @contextmanager
    def stopped(self, node: Node, service: str) -> Iterator[None]:
        """Stop the service while the block lasts."""
        try:
            self._shell.run(node, "systemctl", "stop", service)
            yield
        finally:
            self._shell.run(node, "systemctl", "start", service)


CUT = f"""
add table netdev kubeproof_cut
add chain netdev kubeproof_cut in {{ type filter hook ingress device "{UPLINK}" priority filter ; policy drop ; }}
add chain netdev kubeproof_cut out {{ type filter hook egress device "{UPLINK}" priority filter ; policy drop ; }}
"""
"""Rules that drop every frame at the device, raw frames of programs included. The egress hook needs Linux 5.16."""

CONNECTED = "add table netdev kubeproof_cut; delete table netdev kubeproof_cut"
"""Removes these rules; adding the table first makes that succeed on a connected node, too."""


class NodeUplinks:
    """The nodes' connections to each other and to everything outside the cluster."""

    def __init__(self, shell: NodeShell) -> None:
        self._shell = shell

    @contextmanager
    def cut(self, node: Node) -> Iterator[None]:
        """Drop all of the node's traffic while the block lasts, as if its cable were pulled; its processes run on."""
        try:
            self._shell.run(node, "nft", CUT)
            yield
        finally:
            self._shell.run(node, "nft", CONNECTED)


def static_pod_directory(shell: NodeShell, node: Node) -> str:
    """Return the folder whose manifests the node's kubelet runs."""
    config = yaml.safe_load(shell.run(node, "cat", KUBELET_CONFIG))
    return str(config["staticPodPath"])


class StaticPods(ReversibleChanges):
    """Manifests in the folder of a kubelet's static pods; the ones that are left are removed at the end of the block.

    `read` returns the objects of a YAML file in the case's folder. All pods are in `namespace`, the case's own: cases
    that run at the same time may use the same names on the same node.
    """

    def __init__(self, shell: NodeShell, read: Callable[..., tuple[dict[str, Any], ...]], namespace: str) -> None:
        super().__init__()
        self._shell = shell
        self._read = read
        self._namespace = namespace

    def put(self, node: Node, file: str, *, name: str, **words: object) -> None:
        """Give the pod `name` of the file to the node's kubelet."""
        (manifest,) = self._read(file, name=name, **words)
        target = self._file(node, name)
        encoded = base64.b64encode(yaml.safe_dump(manifest).encode()).decode()
        self._undo.callback(self.remove, node, name)
        # The kubelet ignores files whose names begin with a dot, and a rename is atomic.
        hidden = target.with_name(f".{target.name}")
        self._shell.run(node, "mkdir", "-p", str(target.parent))
        self._shell.run(node, "sh", "-c", f"echo {encoded} | base64 -d > {hidden} && mv {hidden} {target}")

    def remove(self, node: Node, name: str) -> None:
        """Remove the pod's file. An absent file is a success."""
        self._shell.run(node, "rm", "-f", str(self._file(node, name)))

    def running_containers(self, node: Node, pod: str) -> tuple[str, ...]:
        """Return the ids of the pod's running containers, from the node's containerd."""
        label = (
            f'labels."io.kubernetes.pod.namespace"=={self._namespace},labels."io.kubernetes.pod.name"=={pod},'
            'labels."io.kubernetes.container.name"'
        )
        containers = self._shell.run(node, "ctr", "--namespace=k8s.io", "containers", "list", "--quiet", label).split()
        tasks = self._shell.run(node, "ctr", "--namespace=k8s.io", "tasks", "list").splitlines()
        running = {line.split()[0] for line in tasks if line.endswith("RUNNING")}
        return tuple(container for container in containers if container in running)

    def _file(self, node: Node, name: str) -> PurePosixPath:
        return PurePosixPath(static_pod_directory(self._shell, node)) / f"{self._namespace}_{name}.yaml"


def wait_process(shell: NodeShell, node: Node, program: str, *, running: bool) -> None:
    """Wait until a process of the program runs on the node, or, with `running=False`, until none does."""

    def processes() -> str:
        try:
            return shell.run(node, "pidof", program)
        except CommandFailed:
            return ""  # pidof fails if there is no such process

    wait_until(
        f"{program} {'running' if running else 'ended'} on node {node.name}",
        processes,
        lambda found: bool(found) == running,
        deadline_s=END_DEADLINE_S,
    )
