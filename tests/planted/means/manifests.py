"""Defects of the control plane: a component runs without one of its controllers or plugins."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import yaml

from clusters.cluster import Node
from clusters.errors import CommandFailed
from harness.kube.nodes.control_plane import ControlPlane
from harness.kube.nodes.shell import static_pod_directory
from harness.kube.wait import wait_until
from tests.planted.fault import Site

RESTART_DEADLINE_S = 120.0
CONTROLLER_MANAGER = "kube-controller-manager"
CONTROLLERS = "--controllers="
KUBEADM_CONTROLLERS = "*,bootstrap-signer-controller,token-cleaner-controller"
CONFIG_FILE = "/etc/kubernetes/planted.yaml"


@contextmanager
def controller_manager_without(site: Site, controller: str) -> Iterator[None]:
    """Run kube-controller-manager without one of its controllers.

    https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
    """
    argument = f"{CONTROLLERS}{KUBEADM_CONTROLLERS},-{controller}"

    def change(pod: dict[str, Any]) -> None:
        (container,) = pod["spec"]["containers"]
        others = [word for word in container["command"] if not word.startswith(CONTROLLERS)]
        container["command"] = [*others, argument]

    with _manifest_changed(site, CONTROLLER_MANAGER, change, argument):
        yield


@contextmanager
def scheduler_without(site: Site, **plugins: tuple[str, ...]) -> Iterator[None]:
    """Run kube-scheduler without some plugins, by extension point: `filter=("TaintToleration",)`.

    https://kubernetes.io/docs/reference/scheduling/config/
    """
    disabled = {point: {"disabled": [{"name": name} for name in names]} for point, names in plugins.items()}
    config = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": "/etc/kubernetes/scheduler.conf"},
        "profiles": [{"schedulerName": "default-scheduler", "plugins": disabled}],
    }
    argument = f"--config={CONFIG_FILE}"

    def change(pod: dict[str, Any]) -> None:
        (container,) = pod["spec"]["containers"]
        container["command"].append(argument)
        container["volumeMounts"].append({"name": "planted", "mountPath": CONFIG_FILE, "readOnly": True})
        pod["spec"]["volumes"].append({"name": "planted", "hostPath": {"path": CONFIG_FILE, "type": "File"}})

    with ExitStack() as undo:
        for node in site.control_planes:
            undo.callback(site.nodes.run, node, "rm", "-f", CONFIG_FILE)
            _write(site, node, CONFIG_FILE, yaml.safe_dump(config))
        undo.enter_context(_manifest_changed(site, "kube-scheduler", change, argument))
        yield


@contextmanager
def _manifest_changed(
    site: Site, component: str, change: Callable[[dict[str, Any]], None], argument: str
) -> Iterator[None]:
    """Change the component's static pods, and wait until they run with the argument and the control plane works."""
    with ExitStack() as undo:
        undo.callback(ControlPlane(site.kube, site.nodes).wait_working)
        for node in site.control_planes:
            undo.enter_context(_changed_on(site, node, component, change, argument))
        ControlPlane(site.kube, site.nodes).wait_working()
        yield


@contextmanager
def _changed_on(
    site: Site, node: Node, component: str, change: Callable[[dict[str, Any]], None], argument: str
) -> Iterator[None]:
    file = f"{static_pod_directory(site.nodes, node)}/{component}.yaml"
    before = site.nodes.run(node, "cat", file)
    pod = yaml.safe_load(before)
    change(pod)
    try:
        _write(site, node, file, yaml.safe_dump(pod))
        _wait_arguments(site, node, component, lambda running: argument in running)
        yield
    finally:
        _write(site, node, file, before)
        _wait_arguments(site, node, component, lambda running: bool(running) and argument not in running)


def _wait_arguments(site: Site, node: Node, component: str, wanted: Callable[[set[str]], bool]) -> None:
    def running() -> set[str]:
        script = f"tr '\\0' '\\n' < /proc/$(pidof {component})/cmdline"
        try:
            return set(site.nodes.run(node, "sh", "-c", script).split())
        except CommandFailed:
            return set()  # no process runs while the kubelet restarts it

    wait_until(
        f"{component} on node {node.name} with the arguments of its manifest",
        running,
        wanted,
        deadline_s=RESTART_DEADLINE_S,
    )


def _write(site: Site, node: Node, file: str, text: str) -> None:
    """Write a file atomically. The kubelet ignores the temporary file, because its name begins with a dot."""
    folder, _, name = file.rpartition("/")
    encoded = base64.b64encode(text.encode()).decode()
    site.nodes.run(node, "sh", "-c", f"echo {encoded} | base64 -d > {folder}/.{name} && mv {folder}/.{name} {file}")
