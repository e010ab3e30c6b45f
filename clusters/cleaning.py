"""Removing what runs left behind: only what carries our labels, and only when nobody comes back for it."""

from __future__ import annotations

from clusters.command import HostCommands
from clusters.engine import Engine
from clusters.ownership import CLUSTER_LABEL, Claimed
from clusters.patience import host_patience
from clusters.progress import Progress

KIND_CLUSTER_LABEL = "io.x-k8s.kind.cluster"


def claimed_clusters(engine: Engine) -> tuple[Claimed, ...]:
    """Every cluster of ours, whoever owns it now."""
    return tuple(Claimed.of_network(network) for network in engine.networks(f"label={CLUSTER_LABEL}"))


def remove_cluster(engine: Engine, name: str) -> None:
    """Remove the nodes, the outside clients and last the network. What is gone already is a success."""
    for label in (f"{KIND_CLUSTER_LABEL}={name}", f"{CLUSTER_LABEL}={name}"):
        for container in engine.containers(f"label={label}"):
            engine.remove_container(container["Id"])
    engine.remove_network(name)


def clean_leftovers(progress: Progress, *, kept_too: bool = False, engine: Engine | None = None) -> tuple[str, ...]:
    """Remove abandoned clusters, with `kept_too` also those kept on purpose whose owner is gone; their names."""
    engine = engine or Engine.find(HostCommands(), host_patience())
    leftovers = tuple(
        claimed.name
        for claimed in claimed_clusters(engine)
        if claimed.abandoned or (kept_too and (claimed.owner is None or not claimed.owner.lives()))
    )
    for name in leftovers:
        progress.step(f"removing cluster {name}, left behind by a run that has ended")
        remove_cluster(engine, name)
    return leftovers
