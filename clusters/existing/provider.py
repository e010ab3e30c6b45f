"""An existing cluster: found, read and used, but neither made nor removed; its nodes are not touched unasked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusters.cluster import CaseImages, Cluster, Node, Role
from clusters.command import CommandResult
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
from clusters.progress import Progress
from clusters.spec import ClusterSpec, Substrate

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True, slots=True)
class ExistingProvider:
    """The cluster of one context. Make one with `ExistingProvider.of`.

    `images` are references that its nodes can pull or already have. `allow_disruptive` is the user's word
    that cases may damage nodes, for which each node program runs in a short-lived privileged pod. `namespace` is where
    the run keeps its own pods: those that bring tools to the nodes, and those that have images pulled.
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
        """The provider of a run that begins, or of the one that keeps its pods in `namespace`.

        Raises `UsageError` for a file or a context that does not exist.
        """
        require_context(kubeconfig, context)
        api = KubernetesApi(kubeconfig, context)
        return cls(kubeconfig, context, api, images, allow_disruptive, namespace or new_name())

    def open(self) -> Cluster:
        """Make the run's namespace and describe the cluster. `close` has to follow, also after an error."""
        OwnNamespace(self.api, self.namespace).make()
        return self.describe()

    def close(self) -> None:
        """Remove the run's namespace with all pods in it. An absent one is a success."""
        OwnNamespace(self.api, self.namespace).remove()

    def require_images(self, cluster: Cluster, purposes: frozenset[str], progress: Progress) -> None:
        """See that every node pulls the case images of these fields of `CaseImages`; tools pods run afterwards.

        Raises `ImageUnavailable`, `ClusterNotReady`.
        """
        nodes = tuple(node.name for node in cluster.nodes)
        images = {purpose: str(getattr(self.images, purpose)) for purpose in sorted(purposes)}
        for purpose, reference in images.items():
            progress.step(f"{len(nodes)} nodes pull the {purpose} image {reference}")
        if images.pop("tools", None):
            self.tools.start(*nodes)
        ImageCheck(self.api, self.context, self.namespace).require(nodes, images)

    def closing_facts(self) -> dict[str, str]:
        """Return what is known of the tools pods, for the report's environment."""
        return self.tools.versions()

    def describe(self) -> Cluster:
        """The cluster as it is, its mode asserted. Raises `ClusterUnreachable`, `ClusterNotReady`, `UsageError`."""
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

    def check(self, spec: ClusterSpec) -> None:
        raise self._as_it_is(f"cannot be made into one of mode {spec.mode}")

    def create(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        raise self._as_it_is("is there already and nothing is made beside it")

    def find(self, spec: ClusterSpec) -> Cluster | None:
        cluster = self.describe()
        return cluster if cluster.mode is spec.mode else None

    def names(self) -> tuple[str, ...]:
        return ()

    def run_on_node(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        if not self.allow_disruptive:
            raise Refused(
                f"node {node.name} of existing cluster {self.context} is not ours to run `{argv[0]}` on",
                remedy="--allow-disruptive says that it may be damaged",
            )
        return run_in_node_pod(self.api, node, self.images.agnhost, argv, timeout_s)

    def run_by_proxy(
        self, cluster: Cluster, node: Node, argv: tuple[str, ...], *, timeout_s: float = 60.0
    ) -> CommandResult:
        return self.tools.run(node.name, argv, timeout_s)

    def export_logs(self, cluster: Cluster, directory: Path) -> None:
        """kube-proxy's logs: the nodes' own journals are out of reach."""
        directory.mkdir(parents=True, exist_ok=True)
        for pod in self.api.proxy_pods():
            target = directory / f"{pod.node}-kube-proxy.log"
            try:
                target.write_text(self.api.log(pod.name))
            except WorldError as failure:
                target.write_text(f"could not be had: {failure}\n")

    def delete(self, name: str) -> None:
        raise self._as_it_is("was not made by us and will not be removed by us")

    def _node_versions(self, nodes: tuple[Node, ...]) -> dict[str, str]:
        """What the nodes themselves have; a node is touched for it only where that is allowed."""
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

    def _as_it_is(self, sentence: str) -> Refused:
        return Refused(
            f"existing cluster {self.context} {sentence}", remedy="--proxy-mode makes a kind cluster of our own"
        )


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
    """The smallest IPv4 network that covers every node's pods, or "" where nodes have no podCIDR."""
    parts = [
        ipaddress.IPv4Network(cidr) for item in nodes for cidr in item["spec"].get("podCIDRs") or () if ":" not in cidr
    ]
    if not parts:
        return ""
    whole = parts[0]
    while not all(part.subnet_of(whole) for part in parts):
        whole = whole.supernet()
    return str(whole)


def _fingerprint(nodes: tuple[dict[str, Any], ...], pods: tuple[ProxyPod, ...]) -> dict[str, str]:
    """What a number or a verdict may depend on; differing nodes are all named."""

    def every(field: str) -> str:
        return ", ".join(sorted({str(item["status"]["nodeInfo"].get(field, "unknown")) for item in nodes}))

    return {
        "host kernel": every("kernelVersion"),
        "node image": every("osImage"),
        "container runtime": every("containerRuntimeVersion"),
        "kube-proxy image": ", ".join(sorted({pod.image for pod in pods})),
    }
