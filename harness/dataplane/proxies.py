"""Every node's kube-proxy: what it tells of itself, and one of its settings changed while the cluster lives."""

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
from clusters.spec import Substrate
from harness.dataplane.proxy_usage import Syncs, Usage, parse_syncs, parse_usage
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.wait import is_ready, wait_until

LOOPBACK = "http://127.0.0.1:10249"
"""Where kube-proxy serves its own pages, on the node's loopback."""

NAMESPACE = "kube-system"
WORKING_DEADLINE_S = 180.0
"""On substrate `uml` a proxy starts with a kernel, and writes its rules by slow system calls."""

FEATURE = re.compile(
    r'^kubernetes_feature_enabled\{name="(?P<name>\w+)",stage="(?P<stage>\w*)"\} (?P<enabled>[01])$', re.MULTILINE
)
LAST_SYNC = re.compile(r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FeatureGate:
    """`stage` is "ALPHA", "BETA", "DEPRECATED", or "" for one that is stable."""

    stage: str
    enabled: bool


def parse_features(metrics: str) -> dict[str, FeatureGate]:
    """The feature gates by name, from a component's metrics page.

    https://kubernetes.io/docs/reference/instrumentation/metrics/ (kubernetes_feature_enabled)
    """
    return {found["name"]: FeatureGate(found["stage"], found["enabled"] == "1") for found in FEATURE.finditer(metrics)}


class Proxies:
    """kube-proxy as kubeadm, kind and EKS deploy it: a DaemonSet, with one ConfigMap for all nodes."""

    def __init__(self, kube: Kube, shell: ProxyShell) -> None:
        self._kube = kube
        self._shell = shell

    def log(self, node: Node) -> str:
        """The beginning of what the node's kube-proxy has logged."""
        return self._kube.logs(NAMESPACE, self._pod(node)["metadata"]["name"])

    def features(self, node: Node) -> dict[str, FeatureGate]:
        """The feature gates that the node's kube-proxy knows."""
        return parse_features(self._page(node, "/metrics"))

    def syncs(self, node: Node) -> Syncs:
        """The syncs of the node's kube-proxy so far."""
        return parse_syncs(self._page(node, "/metrics"))

    def usage(self, node: Node) -> Usage:
        """What the node's kube-proxy has used so far."""
        processes = self._shell.run(node, "pgrep", "-x", "kube-proxy").split()
        if len(processes) != 1:
            raise ClusterNotReady(
                f"node {node.name} of cluster {self._kube.cluster.name} runs {len(processes)} processes kube-proxy, "
                f"expected was 1"
            )
        stat = self._shell.run(node, "cat", f"/proc/{processes[0]}/stat")
        return parse_usage(stat, self._page(node, "/metrics"))

    def effective(self, node: Node, *setting: str) -> object:
        """A setting that the node's kube-proxy runs with, as it tells: ("mode",) or ("ipvs", "scheduler")."""
        (config,) = json.loads(self._page(node, "/configz")).values()
        for name in setting:
            config = config[name]
        return config

    def start_cold(self, node: Node) -> None:
        """Take everything that the node's kube-proxy has written out of the kernel, and have another begin anew.

        In user-mode Linux the kernel itself is new each time.
        """
        if self._kube.cluster.substrate is Substrate.UML:
            self.restart(node)
            return
        argv = ("kube-proxy", "--cleanup")
        # Standing still, or it might write again what is taken away; and so it has to be killed.
        with self.paused(node):
            done = self._kube.exec(NAMESPACE, self._pod(node)["metadata"]["name"], argv, timeout_s=WORKING_DEADLINE_S)
            assert done.exit_code == 0, f"{' '.join(argv)} on {node.name} ended with {done.exit_code}: {done.stderr}"
            self._restart(node, "?gracePeriodSeconds=1")

    def restart(self, *nodes: Node) -> None:
        """End the kube-proxies of these nodes (of every node, if none is named) and wait until others have written
        all rules."""
        nodes = nodes or self._kube.cluster.nodes
        with ThreadPoolExecutor(len(nodes)) as restarting:
            # Taken one by one, so that what a restart met is raised here.
            for _ in restarting.map(self._restart, nodes):
                pass

    def _restart(self, node: Node, query: str = "") -> None:
        old = self._pod(node)["metadata"]
        self._kube.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/{old['name']}{query}")
        wait_until(
            f"another pod than {old['name']} Ready on node {node.name}",
            lambda: self._pods(node),
            lambda pods: len(pods) == 1 and pods[0]["metadata"]["uid"] != old["uid"] and is_ready(pods[0]),
            describe=lambda pods: ", ".join(pod["metadata"]["name"] for pod in pods) or "no pod",
            deadline_s=WORKING_DEADLINE_S,
        )
        wait_until(
            f"kube-proxy on node {node.name} through its first sync",
            lambda: self._synced(node),
            bool,
            deadline_s=WORKING_DEADLINE_S,
        )

    @contextmanager
    def paused(self, *nodes: Node) -> Iterator[None]:
        """These nodes' kube-proxies stand still while the block lasts, and their rules stay as they are."""
        with ExitStack() as stack:
            for node in nodes:
                stack.callback(self._shell.run, node, "pkill", "-CONT", "-x", "kube-proxy")
                self._shell.run(node, "pkill", "-STOP", "-x", "kube-proxy")
            yield

    @contextmanager
    def changing(self, nodes: tuple[Node, ...], *setting: str) -> Iterator[Callable[[object], None]]:
        """A function that sets `setting` of the configuration and returns once these nodes' kube-proxies run with it.

        Only their proxies are started again; at the block's end the configuration is what it was, and so is
        the proxies' setting.
        """
        path, key, before = self._configuration()
        at_first = self.effective(nodes[0], *setting)
        *sections, name = setting

        def put(text: str, value: object) -> None:
            self._kube.merge(path, {"data": {key: text}})
            self.restart(*nodes)
            for node in nodes:
                found, name = self.effective(node, *setting), ".".join(setting)
                assert found == value, f"kube-proxy on node {node.name} runs with {name} {found}, not {value}"

        def change(value: object) -> None:
            config = yaml.safe_load(before)
            place = config
            for section in sections:
                place = place[section]
            place[name] = value
            put(yaml.safe_dump(config), value)

        try:
            yield change
        finally:
            put(before, at_first)

    def _configuration(self) -> tuple[str, str, str]:
        """The ConfigMap's path, the entry of the configuration in it, and its text."""
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
            return False  # it does not serve its pages yet
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
