"""The nodes of a kind cluster, as the engine and the API server describe them."""

from __future__ import annotations

import json
from typing import Any

from clusters.addons.network import NodeNetwork
from clusters.cluster import Node, Role
from clusters.engine import Engine
from clusters.errors import ClusterNotReady
from clusters.host.ownership import KIND_CLUSTER_LABEL
from clusters.kubectl import Kubectl

ROLE_LABEL = "io.x-k8s.kind.role"


def node_containers(engine: Engine, name: str) -> tuple[dict[str, Any], ...]:
    """Return `docker inspect` of the node containers, control plane nodes first."""
    found = engine.containers(f"label={KIND_CLUSTER_LABEL}={name}", f"label={ROLE_LABEL}")
    return tuple(sorted(found, key=lambda seen: (_role(seen) is not Role.CONTROL_PLANE, _name(seen))))


def control_plane(engine: Engine, name: str) -> Kubectl:
    """Return kubectl on the first control plane node. Raises `ClusterNotReady` if there is none."""
    for container in node_containers(engine, name):
        if _role(container) is Role.CONTROL_PLANE:
            return Kubectl(engine, _name(container))
    raise ClusterNotReady(
        f"cluster {name} has no control plane container", remedy="`docker ps --all` shows what is left"
    )


def nodes_of(engine: Engine, name: str) -> tuple[Node, ...]:
    """Return all nodes, with their addresses in the cluster's container network."""
    return tuple(
        Node(_name(container), _role(container), container["NetworkSettings"]["Networks"][name]["IPAddress"])
        for container in node_containers(engine, name)
    )


def server_version(engine: Engine, name: str) -> str:
    """Return the version that the API server reports, such as "1.37.2"."""
    version: str = json.loads(control_plane(engine, name).raw("/version"))["gitVersion"]
    return version.removeprefix("v")


def node_networks(nodes: tuple[Node, ...], kubectl: Kubectl) -> tuple[NodeNetwork, ...]:
    """Return each node's address and the podCIDR that the controller-manager has assigned to it.

    Raises `ClusterNotReady` if a node has no podCIDR.
    """
    pod_cidrs = {item["metadata"]["name"]: item["spec"].get("podCIDR") for item in kubectl.get("nodes")["items"]}
    missing = [node.name for node in nodes if not pod_cidrs.get(node.name)]
    if missing:
        raise ClusterNotReady(f"nodes {', '.join(missing)} have no podCIDR yet")
    return tuple(NodeNetwork(node.name, node.address, pod_cidrs[node.name]) for node in nodes)


def _role(container: dict[str, Any]) -> Role:
    return Role.WORKER if container["Config"]["Labels"][ROLE_LABEL] == "worker" else Role.CONTROL_PLANE


def _name(container: dict[str, Any]) -> str:
    return str(container["Name"]).removeprefix("/")
