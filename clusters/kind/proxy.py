"""Where a node's kube-proxy keeps its rules, and what it says of itself."""

from __future__ import annotations

from clusters.cluster import Node
from clusters.command import CommandResult
from clusters.engine import Engine
from clusters.errors import ClusterNotReady
from clusters.kind.nodes import control_plane
from clusters.proxymode import ASK, require_mode
from clusters.spec import ClusterSpec, Substrate

PROXY_SELECTOR = "k8s-app=kube-proxy"


def run_by_proxy(
    engine: Engine, cluster: str, substrate: Substrate, node: Node, argv: tuple[str, ...], timeout_s: float
) -> CommandResult:
    """Run a program where the rules are: on the node, or through the director's pod in its user-mode Linux."""
    if substrate is Substrate.HOST:
        return engine.exec(node.name, *argv, timeout_s=timeout_s)
    kubectl = control_plane(engine, cluster)
    pods = kubectl.run(
        *("get", "pods", "--namespace=kube-system", f"--selector={PROXY_SELECTOR}"),
        *(f"--field-selector=spec.nodeName={node.name}", "--output=name"),
    ).split()
    if len(pods) != 1:
        raise ClusterNotReady(f"node {node.name} of cluster {cluster} has {len(pods)} proxy pods, expected was 1")
    in_guest = ("director", "run", *argv)
    stdout = kubectl.run("exec", "--namespace=kube-system", pods[0], "--", *in_guest, timeout_s=timeout_s)
    return CommandResult(stdout, "")


def require_effective_mode(engine: Engine, spec: ClusterSpec, nodes: tuple[Node, ...]) -> None:
    """Ask every node's kube-proxy. Raises `ClusterNotReady` if one runs in another mode."""
    for node in nodes:
        answer = run_by_proxy(engine, spec.name, spec.substrate, node, ASK, timeout_s=30).stdout
        require_mode(spec.name, node.name, spec.mode, answer)
