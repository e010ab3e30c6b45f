"""Identification and removal of containers left by clusters whose network is gone, and by image builds.

Kubeproof's own containers have their owner as a label. kind's node containers have only kind's labels, and a cluster's
name proves nothing, because anyone may choose it. A node without a network is Kubeproof's if all of these hold: its
cluster's name has Kubeproof's form; it was created for a network of exactly that name, which kind by itself never does;
and that network no longer exists, so that the node does not run and cannot start. If a network of that name exists, its
labels alone decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.host.clock import Clock
from clusters.host.ownership import CLUSTER_LABEL, KIND_CLUSTER_LABEL, OWNER_LABEL, Owner
from clusters.host.samples import samples_within
from clusters.spec import CLUSTER_NAME

REMOVAL_DEADLINE_S = 180.0
"""How long a busy engine may take to create a node, for which it copies the image's /var, and to remove it."""

INTERVAL_S = 0.2


def remove_until_gone(
    engine: Engine, what: str, sample: Callable[[], tuple[str, ...]], remove: Callable[[str], None], clock: Clock
) -> None:
    """Remove the containers that `sample` returns, until it returns none.

    Raises `WorldError` if any are left after `REMOVAL_DEADLINE_S`, multiplied by the engine's patience.
    """
    deadline_s = engine.patience.seconds(REMOVAL_DEADLINE_S)
    # The engine continues creating or removing; only another sample shows the result.
    for found in samples_within(sample, limit_s=deadline_s, interval_s=INTERVAL_S, clock=clock):
        containers = found.seen
        if not containers:
            return
        if found.last:
            raise WorldError(
                f"{what}: {len(containers)} containers are still there after {found.waited_s:.0f} s, the first is "
                f"{containers[0][:12]}",
                remedy="the engine's own log has the reason; `docker ps --all` shows them",
            )
        for container in containers:
            remove(container)


@dataclass(frozen=True, slots=True)
class Remains:
    """The containers that clusters without a network and ended image builds have left."""

    engine: Engine
    clock: Clock

    def clusters(self) -> tuple[str, ...]:
        """Return the names of Kubeproof's clusters that have nodes but no network."""
        names = sorted({cluster for cluster, _, _ in self._without_network().values() if cluster})
        return tuple(name for name in names if self._nodes(name))

    def remove_nodes(self, name: str) -> None:
        """Remove a cluster's nodes with their volumes. Raises `WorldError` if they cannot be removed."""
        remove = partial(self._remove_node, name)
        remove_until_gone(self.engine, f"cluster {name}", lambda: self._nodes(name), remove, self.clock)

    def containers(self) -> tuple[str, ...]:
        """Return the ids of containers whose owner has ended: outside clients without a cluster, and image builds."""
        return tuple(
            container
            for container, (node_of, _, owner) in self._without_network().items()
            if not node_of and _has_ended(owner)
        )

    def remove_container(self, container: str) -> None:
        """Remove a container with its volumes. Raises `WorldError` if it cannot be removed."""

        def sample() -> tuple[str, ...]:
            return self.engine.container_ids(f"id={container}")

        remove_until_gone(self.engine, f"container {container[:12]}", sample, self.engine.remove_container, self.clock)

    def _without_network(self) -> dict[str, tuple[str, ...]]:
        """Return the labels of the containers whose cluster has no network, by container id.

        The labels are: the cluster it is a node of, the cluster it is an outside client of, and its owner. Each is ""
        if the container lacks it.
        """
        found = self.engine.container_labels(KIND_CLUSTER_LABEL, CLUSTER_LABEL, OWNER_LABEL)
        # A network is created before its containers and removed after them, so list the networks last.
        networks = self.engine.network_names()
        return {
            container: labels
            for container, labels in found.items()
            if any(labels) and not networks.intersection(labels[:2])
        }

    def _nodes(self, name: str) -> tuple[str, ...]:
        """Return the cluster's nodes that are Kubeproof's, or that the engine still creates and may be Kubeproof's."""
        if not CLUSTER_NAME.fullmatch(name):
            return ()
        candidates = (container for container, labels in self._without_network().items() if labels[0] == name)
        seen = {container: self.engine.inspect_container(container) for container in candidates}
        return tuple(container for container, node in seen.items() if node is None or _is_ours(node, name))

    def _remove_node(self, name: str, container: str) -> None:
        """Remove a node, unless the engine is still creating it or it is not Kubeproof's."""
        node = self.engine.inspect_container(container)
        if node is not None and _is_ours(node, name):
            self.engine.remove_container(container)


def _is_ours(node: dict[str, Any], name: str) -> bool:
    """Return True if the node was created for a network of the cluster's name and does not run."""
    return node["HostConfig"]["NetworkMode"] == name and not node["State"]["Running"]


def _has_ended(owner: str) -> bool:
    parsed = Owner.parse(owner)
    return parsed is not None and parsed.has_ended()
