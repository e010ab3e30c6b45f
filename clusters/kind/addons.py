"""The add-ons that a kind cluster gets after `kind create`, and the checks that each of them works."""

from __future__ import annotations

from functools import partial
from typing import Any

from clusters.addons.dns import cluster_only_dns
from clusters.addons.metrics import NAME as METRICS_SERVER
from clusters.addons.metrics import NODES_PATH, metrics_api, metrics_server, nodes_with_metrics
from clusters.addons.network import install_network
from clusters.addons.probe import NAME as PROBE
from clusters.addons.probe import dns_probe
from clusters.addons.uml import PRINT_MANIFESTS, director_manifests
from clusters.engine import Engine
from clusters.errors import ClusterNotReady, CommandFailed
from clusters.host.samples import samples_within
from clusters.kind.config import POD_CIDR, SERVICE_CIDR
from clusters.kind.images import ImageSet
from clusters.kind.nodes import control_plane, node_networks, nodes_of
from clusters.kubectl import Kubectl
from clusters.spec import ClusterSpec, Source, Substrate

READY_TIMEOUT_S = 180.0
"""The time limit of each check on an ordinary host; the engine's patience multiplies it."""


def install_addons(engine: Engine, spec: ClusterSpec, images: ImageSet) -> None:
    """Install the add-ons that run in pods, then the pod network. Raises `CommandFailed`, `ClusterNotReady`."""
    kubectl = control_plane(engine, spec.name)
    nodes = nodes_of(engine, spec.name)
    built = spec.source is Source.BUILT
    # Apply all in one call and before the pod network, so that CoreDNS cannot start with another Corefile before.
    kubectl.apply(
        *((cluster_only_dns(),) if built else ()),
        *_proxy(engine, kubectl, spec, images),
        *metrics_server(images.metrics_server),
        dns_probe(images.cases.agnhost),
    )
    # The controller-manager gives a node its podCIDR some time after the node has joined.
    _wait(spec.name, "a podCIDR of every node", kubectl, "wait", "--for=jsonpath={.spec.podCIDR}", "nodes", "--all")
    install_network(
        engine,
        node_networks(nodes, kubectl),
        subnet(engine, spec.name),
        POD_CIDR,
        SERVICE_CIDR,
        own_pods=built,
    )


def _proxy(engine: Engine, kubectl: Kubectl, spec: ClusterSpec, images: ImageSet) -> tuple[dict[str, Any], ...]:
    """Return the manifests of the IPVS director on substrate `uml`; none where kind has installed kube-proxy."""
    if spec.substrate is Substrate.HOST:
        return ()
    printed = engine.exec(kubectl.container, *PRINT_MANIFESTS).stdout
    return director_manifests(printed, images.director, spec.mode, spec.ipvs_scheduler, SERVICE_CIDR)


def wait_addons_ready(engine: Engine, spec: ClusterSpec, images: ImageSet) -> None:
    """Wait until nodes, kube-proxy, DNS on every node and metrics work. Raises `ClusterNotReady`."""
    kubectl = control_plane(engine, spec.name)
    names = frozenset(node.name for node in nodes_of(engine, spec.name))
    _wait(spec.name, "nodes Ready", kubectl, "wait", "--for=condition=Ready", "nodes", "--all")
    _wait_rollout(spec.name, "kube-proxy", kubectl, "daemonset/kube-proxy")
    kubectl.apply(dns_probe(images.cases.agnhost))
    _wait_rollout(spec.name, "DNS on every node", kubectl, f"daemonset/{PROBE}")
    kubectl.run("delete", "daemonset", PROBE, "--namespace=kube-system", "--wait=false")
    _wait_rollout(spec.name, "metrics-server", kubectl, f"deployment/{METRICS_SERVER}")
    kubectl.apply(metrics_api())
    _wait_metrics(kubectl, names, spec.name)


def _wait_rollout(cluster: str, what: str, kubectl: Kubectl, workload: str) -> None:
    _wait(cluster, what, kubectl, "rollout", "status", "--namespace=kube-system", workload)


def _wait(cluster: str, what: str, kubectl: Kubectl, *argv: str) -> None:
    limit_s = _limit_s(kubectl)
    try:
        # kubectl's limit already includes the patience; the engine multiplies the command's limit by it.
        kubectl.run(*argv, f"--timeout={limit_s:.0f}s", timeout_s=READY_TIMEOUT_S + 10)
    except CommandFailed as failure:
        raise ClusterNotReady(
            f"cluster {cluster}: {what} not seen within {limit_s:.0f} s: {failure.stderr.strip()}",
            remedy=f"the log lists all pods at that time; {kubectl.engine.patience.advice()}",
            detail=f"{failure.detail}\n{_all_pods(kubectl)}",
        ) from failure


def _all_pods(kubectl: Kubectl) -> str:
    """Return the list of all pods, or the reason why it cannot be read."""
    try:
        return kubectl.run("get", "pods", "--all-namespaces", "--output=wide")
    except CommandFailed as failure:
        return f"the pods could not be listed: {failure.detail}"


def _limit_s(kubectl: Kubectl) -> float:
    return kubectl.engine.patience.seconds(READY_TIMEOUT_S)


def _wait_metrics(kubectl: Kubectl, names: frozenset[str], cluster: str) -> None:
    """Wait until the metrics API, which has no watch, has metrics of these nodes."""
    limit_s = _limit_s(kubectl)
    for sample in samples_within(partial(_nodes_with_metrics, kubectl), limit_s=limit_s, interval_s=0.5):
        found, answer = sample.seen
        if names <= found:
            return
        if sample.last:
            raise ClusterNotReady(
                f"metrics of all {len(names)} nodes of cluster {cluster} not seen within {limit_s:.0f} s; last "
                f"response: {answer}"
            )


def _nodes_with_metrics(kubectl: Kubectl) -> tuple[frozenset[str], str]:
    """Return the nodes that have metrics, and the answer in words."""
    try:
        found = nodes_with_metrics(kubectl.raw(NODES_PATH))
    except CommandFailed as failure:
        # The aggregated API answers 503 until metrics-server is ready.
        return frozenset(), failure.message
    return found, f"metrics of {', '.join(sorted(found)) or 'no node'}"


def subnet(engine: Engine, network: str) -> str:
    """Return the IPv4 subnet of the cluster's container network. Raises `ClusterNotReady` if it has none."""
    for found in engine.networks(f"name=^{network}$"):
        for config in found["IPAM"]["Config"] or ():
            if ":" not in config["Subnet"]:
                return str(config["Subnet"])
    raise ClusterNotReady(f"container network {network} has no IPv4 subnet")
