"""The kube-proxies of a cluster: their logs, metrics and settings, and ways to restart, pause and reconfigure them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from clusters.cluster import Node
from clusters.errors import ClusterNotReady, CommandFailed
from clusters.existing.effectivemode import CONFIG_MAPS
from clusters.existing.kubernetesapi import PROXY_LABELS
from clusters.host.clock import Clock
from clusters.spec import Substrate
from harness.dataplane.shell import ProxyShell
from harness.kube.client import ExecResult, Kube
from harness.kube.observe import observe_within
from harness.kube.status import is_ready
from harness.kube.wait import wait_until
from harness.kube_proxy.usage import Syncs, Usage, parse_syncs, parse_usage

LOOPBACK = "http://127.0.0.1:10249"
"""The URL on the node's loopback at which kube-proxy serves its metrics and configuration."""

NAMESPACE = "kube-system"
CLEAN_UP = ("kube-proxy", "--cleanup")
WORKING_DEADLINE_S = 180.0
"""Long, because on substrate `uml` a proxy starts together with a kernel and its system calls are slow."""

FORK_DEADLINE_S = 10.0
"""The time in which a sample sees no child between fork and exec, if there is only one kube-proxy."""

FEATURE = re.compile(
    r'^kubernetes_feature_enabled\{name="(?P<name>\w+)",stage="(?P<stage>\w*)"\} (?P<enabled>[01])$', re.MULTILINE
)
LAST_SYNC = re.compile(r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FeatureGate:
    """A feature gate: its stage ("ALPHA", "BETA", "DEPRECATED", or "" if stable) and whether it is enabled."""

    stage: str
    enabled: bool


def parse_features(metrics: str) -> dict[str, FeatureGate]:
    """Return the feature gates by name, from a component's metrics page.

    https://kubernetes.io/docs/reference/instrumentation/metrics/ (kubernetes_feature_enabled)
    """
    return {found["name"]: FeatureGate(found["stage"], found["enabled"] == "1") for found in FEATURE.finditer(metrics)}


class Proxies:
    """The kube-proxies of a cluster, as kubeadm, kind and EKS deploy them: one DaemonSet and one ConfigMap."""

    def __init__(self, kube: Kube, shell: ProxyShell) -> None:
        self._kube = kube
        self._shell = shell

    def log(self, node: Node) -> str:
        """Return the beginning of the log of the node's kube-proxy."""
        return self._kube.logs(NAMESPACE, self._pod(node)["metadata"]["name"])

    def features(self, node: Node) -> dict[str, FeatureGate]:
        """Return the feature gates of the node's kube-proxy by name."""
        return parse_features(self._page(node, "/metrics"))

    def syncs(self, node: Node) -> Syncs:
        """Return the number and the total duration of the syncs of the node's kube-proxy so far."""
        return parse_syncs(self._page(node, "/metrics"))

    def usage(self, node: Node, clock: Clock | None = None) -> Usage:
        """Return the CPU time, memory and syncs of the node's kube-proxy. Raises `ClusterNotReady`."""
        stat = self._shell.run(node, "cat", f"/proc/{self._process(node, clock)}/stat")
        return parse_usage(stat, self._page(node, "/metrics"))

    def _process(self, node: Node, clock: Clock | None) -> str:
        """Return the id of the node's only kube-proxy process. Raises `ClusterNotReady`.

        A child of kube-proxy has its name from fork to exec, which takes milliseconds in a user-mode Linux. While
        kube-proxy starts a program for each ipset entry, one sample of three or four sees such a child.
        """
        found = observe_within(
            f"one kube-proxy process on node {node.name}",
            lambda: self._shell.run(node, "pgrep", "-x", "kube-proxy").split(),
            lambda processes: len(processes) == 1,
            within_s=FORK_DEADLINE_S,
            clock=clock,
        )
        if not found.met:
            raise ClusterNotReady(
                f"node {node.name} of cluster {self._kube.cluster.name} runs {len(found.seen)} kube-proxy processes, "
                f"expected was 1"
            )
        return found.seen[0]

    def effective(self, node: Node, *setting: str) -> object:
        """Return a setting as the node's kube-proxy reports it, such as ("mode",) or ("ipvs", "scheduler")."""
        (config,) = json.loads(self._page(node, "/configz")).values()
        for name in setting:
            config = config[name]
        return config

    def start_cold(self, node: Node) -> None:
        """Remove everything that the node's kube-proxy has written to the kernel, and replace it by a new kube-proxy.

        On substrate `uml` a restart is enough, because the new kube-proxy starts with a new kernel.
        """
        if self._kube.cluster.substrate is Substrate.UML:
            self.restart(node)
            return
        # Paused, so that it cannot write its rules again. Only SIGKILL ends a paused process, after the grace period.
        with self.paused(node):
            done = self.exec(node, *CLEAN_UP)
            assert done.exit_code == 0, (
                f"{' '.join(CLEAN_UP)} on {node.name} ended with {done.exit_code}: {done.stderr}"
            )
            self._restart(node, "?gracePeriodSeconds=1")

    def exec(self, node: Node, *argv: str) -> ExecResult:
        """Run a program in the pod of the node's kube-proxy."""
        return self._kube.exec(NAMESPACE, self._pod(node)["metadata"]["name"], argv, timeout_s=WORKING_DEADLINE_S)

    def restart(self, *nodes: Node) -> None:
        """Replace the kube-proxies of these nodes, by default of all, and wait until the new ones have synced.

        Deletes their pods, so that the DaemonSet creates new ones.
        """
        nodes = nodes or self._kube.cluster.nodes
        with ThreadPoolExecutor(len(nodes)) as restarting:
            # Iterating over the results raises an error of a restart here.
            for _ in restarting.map(self._restart, nodes):
                pass

    def _restart(self, node: Node, query: str = "") -> None:
        old = self._pod(node)["metadata"]
        self._kube.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/{old['name']}{query}")
        wait_until(
            f"a kube-proxy pod other than {old['name']} Ready on node {node.name}",
            lambda: self._pods(node),
            lambda pods: len(pods) == 1 and pods[0]["metadata"]["uid"] != old["uid"] and is_ready(pods[0]),
            describe=lambda pods: ", ".join(pod["metadata"]["name"] for pod in pods) or "no pod",
            deadline_s=WORKING_DEADLINE_S,
        )
        self.wait_synced(node)

    def wait_synced(self, node: Node) -> None:
        """Wait until the node's kube-proxy has finished its first sync. Raises `DeadlinePassed`."""
        wait_until(
            f"kube-proxy on node {node.name} done with its first sync",
            lambda: self._synced(node),
            bool,
            deadline_s=WORKING_DEADLINE_S,
        )

    @contextmanager
    def paused(self, *nodes: Node) -> Iterator[None]:
        """Pause the kube-proxies of these nodes while the block lasts (SIGSTOP). Their rules stay as they are."""
        with ExitStack() as stack:
            for node in nodes:
                stack.callback(self._shell.run, node, "pkill", "-CONT", "-x", "kube-proxy")
                self._shell.run(node, "pkill", "-STOP", "-x", "kube-proxy")
            yield

    @contextmanager
    def changing(self, nodes: tuple[Node, ...], *setting: str) -> Iterator[Callable[[object], None]]:
        """Yield a function that sets `setting` and returns once the kube-proxies of these nodes run with it.

        The configuration is shared by all nodes, but only the kube-proxies of these nodes are restarted. At the end of
        the block, the configuration and the setting of these kube-proxies are restored.
        """
        with self.configuring(nodes, *setting) as configure:

            def change(value: object) -> None:
                configure(value)
                self._restart_with(nodes, setting, value)

            yield change

    @contextmanager
    def configuring(self, nodes: tuple[Node, ...], *setting: str) -> Iterator[Callable[[object], str]]:
        """Yield a function that only writes `setting` into the configuration and returns the configuration's text.

        At the end of the block, the configuration is restored and the kube-proxies of these nodes are restarted.
        """
        path, key, before = self._configuration()
        value_before = self.effective(nodes[0], *setting)
        *sections, name = setting

        def configure(value: object) -> str:
            config = yaml.safe_load(before)
            target = config
            for section in sections:
                target = target[section]
            target[name] = value
            text = yaml.safe_dump(config)
            self._kube.merge(path, {"data": {key: text}})
            return text

        try:
            yield configure
        finally:
            self._kube.merge(path, {"data": {key: before}})
            self._restart_with(nodes, setting, value_before)

    def configuration_key(self) -> str:
        """Return the key of the configuration in kube-proxy's ConfigMap, which is its file's name in the pod."""
        return self._configuration()[1]

    def _restart_with(self, nodes: tuple[Node, ...], setting: tuple[str, ...], value: object) -> None:
        self.restart(*nodes)
        for node in nodes:
            found, name = self.effective(node, *setting), ".".join(setting)
            assert found == value, f"kube-proxy on node {node.name} runs with {name} {found}, expected {value}"

    def _configuration(self) -> tuple[str, str, str]:
        """Return the path of kube-proxy's ConfigMap, the configuration's key in it, and the configuration's text."""
        for name, key in CONFIG_MAPS:
            path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}"
            found = self._kube.find(path)
            if found is not None and key in found["data"]:
                return path, key, found["data"][key]
        known = " or ".join(f"{name} with {key}" for name, key in CONFIG_MAPS)
        raise ClusterNotReady(f"cluster {self._kube.cluster.name} has no ConfigMap {known} in {NAMESPACE}")

    def _synced(self, node: Node) -> bool:
        try:
            found = LAST_SYNC.findall(self._page(node, "/metrics"))
        except CommandFailed:
            return False  # kube-proxy does not serve its metrics yet
        return any(float(value) > 0 for value in found)

    def _page(self, node: Node, path: str) -> str:
        return self._shell.run(node, "curl", "--silent", "--fail", "--max-time", "5", f"{LOOPBACK}{path}")

    def _pod(self, node: Node) -> dict[str, Any]:
        pods = self._pods(node)
        if len(pods) != 1:
            raise ClusterNotReady(
                f"node {node.name} of cluster {self._kube.cluster.name} has {len(pods)} kube-proxy pods, expected was 1"
            )
        return pods[0]

    def _pods(self, node: Node) -> list[dict[str, Any]]:
        pods = self._kube.get(f"/api/v1/namespaces/{NAMESPACE}/pods?fieldSelector=spec.nodeName%3D{node.name}")["items"]
        return [pod for pod in pods if set(PROXY_LABELS) & set(pod["metadata"].get("labels", {}).items())]
