"""What is left of clusters whose network is gone, and of image builds: how it is proved to be ours, and removed.

A container of ours carries its owner as a label. kind's node containers carry kind's own labels alone, and a cluster's
name proves nothing, because everybody may choose it. A node is ours if its cluster's name has the form of ours, if it
was made for a network of exactly that name, which kind itself never does, and if there is no such network any more, so
that the node does not run and never can. Where there is a network of that name, its labels decide alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from clusters.clock import Clock
from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.ownership import CLUSTER_LABEL, KIND_CLUSTER_LABEL, OWNER_LABEL, Owner
from clusters.spec import CLUSTER_NAME

REMOVAL_DEADLINE_S = 180.0
"""An engine that is busy takes so long to make a node, which has a copy of the image's /var, and to remove it."""

INTERVAL_S = 0.2


def remove_until_gone(
    engine: Engine, what: str, sample: Callable[[], tuple[str, ...]], remove: Callable[[str], None], clock: Clock
) -> None:
    """Remove the containers that `sample` finds until it finds none.

    Raises `WorldError` if there are some after `REMOVAL_DEADLINE_S`, with the engine's patience.
    """
    deadline_s = engine.patience.seconds(REMOVAL_DEADLINE_S)
    start_s = clock.monotonic()
    while found := sample():
        waited_s = clock.monotonic() - start_s
        if waited_s >= deadline_s:
            raise WorldError(
                f"{what}: {len(found)} containers are still there after {waited_s:.0f} s, the first is {found[0][:12]}",
                remedy="the engine's own log says why; `docker ps --all` shows them",
            )
        for container in found:
            remove(container)
        clock.sleep(INTERVAL_S)  # the engine goes on making or removing; only another look tells of it


@dataclass(frozen=True, slots=True)
class Remains:
    """Finds and removes remains."""

    engine: Engine
    clock: Clock

    def clusters(self) -> tuple[str, ...]:
        """Names of clusters of ours of which there are nodes, but no network."""
        names = sorted({cluster for cluster, _, _ in self._without_network().values() if cluster})
        return tuple(name for name in names if self._nodes(name))

    def remove_nodes(self, name: str) -> None:
        """Remove a cluster's nodes, with their volumes. Raises `WorldError` if they do not go."""
        remove = partial(self._remove_node, name)
        remove_until_gone(self.engine, f"cluster {name}", lambda: self._nodes(name), remove, self.clock)

    def containers(self) -> tuple[str, ...]:
        """Ids of containers whose owner has ended: outside clients without a cluster, and those of image builds."""
        return tuple(
            container
            for container, (node_of, _, owner) in self._without_network().items()
            if not node_of and _has_ended(owner)
        )

    def remove_container(self, container: str) -> None:
        """Remove it, with its volumes. Raises `WorldError` if it does not go."""

        def sample() -> tuple[str, ...]:
            return self.engine.container_ids(f"id={container}")

        remove_until_gone(self.engine, f"container {container[:12]}", sample, self.engine.remove_container, self.clock)

    def _without_network(self) -> dict[str, tuple[str, ...]]:
        """Containers whose cluster has no network, by id: the cluster it is a node of, the one it stands beside, and
        its owner, each "" where it has none."""
        found = self.engine.container_labels(KIND_CLUSTER_LABEL, CLUSTER_LABEL, OWNER_LABEL)
        # Networks come before containers and go after them, so they are looked at last.
        networks = self.engine.network_names()
        return {
            container: labels
            for container, labels in found.items()
            if any(labels) and not networks.intersection(labels[:2])
        }

    def _nodes(self, name: str) -> tuple[str, ...]:
        """Nodes that are ours, or may be, as long as the engine still makes them."""
        if not CLUSTER_NAME.fullmatch(name):
            return ()
        candidates = (container for container, labels in self._without_network().items() if labels[0] == name)
        seen = {container: self.engine.inspect_container(container) for container in candidates}
        return tuple(container for container, node in seen.items() if node is None or _is_ours(node, name))

    def _remove_node(self, name: str, container: str) -> None:
        """Remove it, unless the engine still makes it, or it has turned out to be somebody else's."""
        node = self.engine.inspect_container(container)
        if node is not None and _is_ours(node, name):
            self.engine.remove_container(container)


def _is_ours(node: dict[str, Any], name: str) -> bool:
    """By what it was made for, and that it cannot be in use."""
    return node["HostConfig"]["NetworkMode"] == name and not node["State"]["Running"]


def _has_ended(owner: str) -> bool:
    parsed = Owner.parse(owner)
    return parsed is not None and parsed.has_ended()
