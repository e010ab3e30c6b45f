"""The provider of an existing cluster, which it neither creates nor removes. It changes nodes only with permission."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from clusters.cluster import CaseImages, Cluster, Node, Role
from clusters.errors import Refused, WorldError
from clusters.existing.api import ClusterApi, ProxyPod
from clusters.existing.contexts import require_context
from clusters.existing.effectivemode import read_effective_mode
from clusters.existing.imagecheck import ImageCheck
from clusters.existing.kubernetesapi import KubernetesApi
from clusters.existing.nodeaccess import run_in_node_pod
from clusters.existing.ownnamespace import OwnNamespace, new_name
from clusters.existing.proxypods import UNKNOWN, first_line, proxy_versions
from clusters.existing.tools import ToolsPods
from clusters.host.command import CommandResult
from clusters.host.progress import Progress
from clusters.nodes.logs import write_logs
from clusters.spec import Substrate

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True, slots=True)
class ExistingProvider:
    """A provider of the cluster of one context, returned by `ExistingProvider.of`.

    `images` are references that its nodes can pull or already have. `allow_disruptive` is the user's permission for
    cases to damage nodes; each program on a node then runs in a short-lived privileged pod. `namespace` has the run's
    own pods: the tools pods, and those that check the images.
    """

    kubeconfig: Path
    context: str
    api: ClusterApi
    images: CaseImages
    allow_disruptive: bool = False
    namespace: str = field(default_factory=new_name)
    tools: ToolsPods = field(init=False, compare=False)

    def __post_init__(self) -> None:
        tools = ToolsPods(self.api, self.context, self.namespace, self.images.tools, signals=self.allow_disruptive)
        object.__setattr__(self, "tools", tools)

    @classmethod
    def of(
        cls,
        kubeconfig: Path,
        context: str,
        images: CaseImages,
        *,
        allow_disruptive: bool = False,
        namespace: str | None = None,
    ) -> ExistingProvider:
        """Return the provider for a new run, or for the run that already uses `namespace`.

        Raises `UsageError` if the file or the context does not exist.
        """
        require_context(kubeconfig, context)
        api = KubernetesApi(kubeconfig, context)
        return cls(kubeconfig, context, api, images, allow_disruptive, namespace or new_name())

    def open(self) -> Cluster:
        """Create the run's namespace and return the cluster. Remove the namespace again after an error.

        Raises what `describe` raises.
        """
        own = OwnNamespace(self.api, self.namespace)
        with ExitStack() as undo:
            undo.callback(own.remove)
            own.make()
            cluster = self.describe()
            undo.pop_all()
        return cluster

    def release(self, cluster: Cluster, progress: Progress) -> None:
        """Remove the run's namespace with all pods in it. Ignore a missing one."""
        OwnNamespace(self.api, self.namespace).remove()

    def require_images(self, cluster: Cluster, purposes: frozenset[str], progress: Progress) -> None:
        """Wait until every node has pulled the images in these fields of `CaseImages`; for `tools`, start its pods.

        Raises `ImageUnavailable`, `ClusterNotReady`.
        """
        nodes = tuple(node.name for node in cluster.nodes)
        images = {purpose: str(getattr(self.images, purpose)) for purpose in sorted(purposes)}
        for purpose, reference in images.items():
            progress.step(f"{len(nodes)} nodes pull the {purpose} image {reference}")
        if images.pop("tools", None):
            self.tools.start(*nodes)
        ImageCheck(self.api, self.context, self.namespace).require(nodes, images)

    def closing_facts(self, cluster: Cluster) -> dict[str, str]:
        """Return the versions of the tools pods' programs."""
        return self.tools.versions()

    def describe(self) -> Cluster:
        """Return the cluster's description, after checking its effective mode.

        Raises `ClusterUnreachable`, `ClusterNotReady`, `UsageError`.
        """
        version = self.api.version()
        effective = read_effective_mode(self.context, self.api)
        nodes = self.api.nodes()
        return Cluster(
            name=self.context,
            mode=effective.mode,
            source=None,
            substrate=Substrate.HOST,
            kubernetes=version,
            kubeconfig=self.kubeconfig,
            context=self.context,
            nodes=tuple(_node(item) for item in nodes),
            service_cidr=self.api.service_cidr(),
            pod_cidr=str(effective.config.get("clusterCIDR") or "").partition(",")[0] or _covering(nodes),
            network=None,
            images=self.images,
            owned=self.allow_disruptive,
            environment={
                "proxy mode": effective.evidence,
                **_fingerprint(nodes, self.api.proxy_pods()),
                **proxy_versions(self.api, self.api.proxy_pods()),
                **self._node_versions(tuple(_node(item) for item in nodes)),
                "load image": self.images.load,
                "tools image": self.images.tools,
            },
            namespace=self.namespace,
        )

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        if not self.allow_disruptive:
            raise Refused(
                f"`{argv[0]}` may not run on node {node.name} of existing cluster {self.context}",
                remedy="--allow-disruptive permits cases to damage nodes",
            )
        return run_in_node_pod(self.api, node, self.images.agnhost, argv, timeout_s)

    def run_by_proxy(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        return self.tools.run(node.name, argv, timeout_s)

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """Write kube-proxy's logs into `directory`. The nodes' journals cannot be read.

        Raises `WorldError` if the pods cannot be listed, or if the directory cannot be written to.
        """
        logs = ((f"{pod.node}-kube-proxy.log", partial(self.api.log, pod.name)) for pod in self.api.proxy_pods())
        write_logs(directory, logs)

    def _node_versions(self, nodes: tuple[Node, ...]) -> dict[str, str]:
        """Return the versions of a node's own programs, if the user allows programs on nodes."""
        versions = dict.fromkeys(("iptables of the node", "nft of the node"), "not read without --allow-disruptive")
        if self.allow_disruptive:
            for name in versions:
                versions[name] = self._node_version(nodes[-1], name.partition(" ")[0])
        return versions

    def _node_version(self, node: Node, program: str) -> str:
        try:
            return first_line(run_in_node_pod(self.api, node, self.images.agnhost, (program, "--version"), 30.0))
        except WorldError as failure:
            return f"{UNKNOWN}: {failure.message}"


def _node(item: dict[str, Any]) -> Node:
    labels = item["metadata"].get("labels") or {}
    addresses = [
        str(entry["address"])
        for entry in item["status"]["addresses"]
        if entry["type"] == "InternalIP" and ":" not in entry["address"]
    ]
    role = Role.CONTROL_PLANE if CONTROL_PLANE_LABEL in labels else Role.WORKER
    return Node(item["metadata"]["name"], role, addresses[0] if addresses else "")


def _covering(nodes: tuple[dict[str, Any], ...]) -> str:
    """Return the smallest IPv4 network that contains the podCIDRs of all nodes, or "" if nodes have none."""
    pod_cidrs = [
        ipaddress.IPv4Network(cidr) for item in nodes for cidr in item["spec"].get("podCIDRs") or () if ":" not in cidr
    ]
    if not pod_cidrs:
        return ""
    network = pod_cidrs[0]
    while not all(pod_cidr.subnet_of(network) for pod_cidr in pod_cidrs):
        network = network.supernet()
    return str(network)


def _fingerprint(nodes: tuple[dict[str, Any], ...], pods: tuple[ProxyPod, ...]) -> dict[str, str]:
    """Return the facts that a measurement or a verdict may depend on; if nodes differ, all values are listed."""

    def every(field: str) -> str:
        return ", ".join(sorted({str(item["status"]["nodeInfo"].get(field, "unknown")) for item in nodes}))

    return {
        "host kernel": every("kernelVersion"),
        "node image": every("osImage"),
        "container runtime": every("containerRuntimeVersion"),
        "kube-proxy image": ", ".join(sorted({pod.image for pod in pods})),
    }
