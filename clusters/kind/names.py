"""The names of kind clusters. The labels of a network with the cluster's name say which run uses the name."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.cleanup.clean import claimed_clusters
from clusters.engine import Engine
from clusters.errors import CommandFailed, NameTaken
from clusters.host.ownership import KIND_CLUSTER_LABEL, Claimed, Owner, labels_for


@dataclass(frozen=True, slots=True)
class ClusterNames:
    """The names of clusters on an engine."""

    engine: Engine

    def claims(self, name: str) -> list[Claimed]:
        """Return the clusters of that name that Kubeproof made: one or none."""
        return [claimed for claimed in claimed_clusters(self.engine) if claimed.name == name]

    def take(self, name: str, *, keep: bool) -> None:
        """Create the network, whose labels claim the cluster's name. Raises `NameTaken` if another run was faster."""
        try:
            self.engine.create_network(name, labels_for(name, keep))
        except CommandFailed:
            self.require_free(name)
            raise

    def require_free(self, name: str) -> None:
        """Raise `NameTaken` if the name is in use."""
        for claimed in self.claims(name):
            require_unused(claimed)
            raise NameTaken(
                f"cluster {name} exists: an earlier run kept it",
                remedy="use it with --reuse-cluster, or remove it with `kubeproof clean --kept`",
            )
        if self.is_taken(name):
            raise NameTaken(
                f"a cluster or network {name} exists without a label of Kubeproof, so it is not touched",
                remedy=f"`kind delete cluster --name {name}` and `docker network rm {name}` would remove it",
            )

    def is_taken(self, name: str) -> bool:
        """Return True if any network or node uses the name, also a node that the engine is still creating."""
        nodes = self.engine.container_ids(f"label={KIND_CLUSTER_LABEL}={name}")
        return bool(nodes or self.engine.networks(f"name=^{name}$"))


def require_unused(claimed: Claimed) -> None:
    """Raise `NameTaken` if the cluster belongs to another run that has not ended."""
    if claimed.owner is not None and claimed.owner != Owner.myself() and not claimed.ownerless:
        visible = claimed.owner.is_visible()
        raise NameTaken(
            f"cluster {claimed.name} belongs to a run that has not ended, process {claimed.owner.pid}"
            + ("" if visible else " of another PID namespace, whose end cannot be seen from here"),
            remedy="wait for it, or use another spec"
            + (
                ""
                if visible
                else f"; if it has ended: `kind delete cluster --name {claimed.name}`, "
                f"then `docker network rm {claimed.name}`"
            ),
        )
