"""Removal of what earlier runs left behind: only what Kubeproof provably made, and only if no run still uses it.

Processes of ended runs are ended first, so that none of them creates anything during the removal. Then the containers
are removed with their volumes. The network is removed last, because its labels identify everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from clusters.cleanup.remains import Remains, remove_until_gone
from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.host.clock import Clock, SystemClock
from clusters.host.command import HostCommands
from clusters.host.ownership import CLUSTER_LABEL, KIND_CLUSTER_LABEL, Claimed
from clusters.host.patience import host_patience
from clusters.host.processes import HostProcesses, Process, Processes
from clusters.host.progress import Progress
from clusters.spec import CLUSTER_NAME


def claimed_clusters(engine: Engine) -> tuple[Claimed, ...]:
    """Return every cluster that Kubeproof made, whichever process owns it."""
    return tuple(Claimed.of_network(network) for network in engine.networks(f"label={CLUSTER_LABEL}"))


def remove_cluster(engine: Engine, claimed: Claimed, clock: Clock | None = None) -> None:
    """Remove the cluster's nodes, its outside clients and finally its network. Ignore what is already gone.

    No process may still be creating containers of the cluster. Raises `WorldError` if a container cannot be removed.
    """

    def sample() -> tuple[str, ...]:
        labels = (KIND_CLUSTER_LABEL, CLUSTER_LABEL)
        found = {
            container: None for label in labels for container in engine.container_ids(f"label={label}={claimed.name}")
        }
        # Once the network is gone, the containers found may belong to a new cluster of the same name.
        return tuple(found) if found and engine.networks(f"id={claimed.network_id}") else ()

    remove_until_gone(engine, f"cluster {claimed.name}", sample, engine.remove_container, clock or SystemClock())
    engine.remove_network(claimed.network_id)


def clean_leftovers(
    progress: Progress,
    *,
    kept_too: bool = False,
    engine: Engine | None = None,
    processes: Processes | None = None,
    clock: Clock | None = None,
) -> tuple[str, ...]:
    """Remove what ended runs left behind, and return a description of each removed item.

    These items are processes, abandoned clusters, and containers whose cluster is gone; with `kept_too`, also clusters
    that were kept on purpose and whose owner has ended. Raises `WorldError` if an item cannot be removed, after the
    others were tried.
    """
    engine = engine or Engine.find(HostCommands(), host_patience())
    processes = processes or HostProcesses()
    clock = clock or SystemClock()
    remains = Remains(engine, clock)

    def removable(claimed: Claimed) -> bool:
        return claimed.abandoned or (kept_too and claimed.ownerless)

    ended = processes.end(lambda process: _is_orphan(process, engine, removable))
    if ended:
        progress.step(f"ended {len(ended)} processes of a run that has ended")
    removed = [f"process {process.pid} ({process.argv[0]})" for process in ended]
    failures: list[WorldError] = []

    def remove(name: str, removal: Callable[[], None]) -> None:
        progress.step(f"removing {name}, left behind by a run that has ended")
        try:
            removal()
            removed.append(name)
        except WorldError as failure:
            failures.append(failure)

    for claimed in claimed_clusters(engine):
        if removable(claimed):
            remove(f"cluster {claimed.name}", partial(remove_cluster, engine, claimed, clock))
    for name in remains.clusters():
        remove(f"cluster {name}", partial(remains.remove_nodes, name))
    for container in remains.containers():
        remove(f"container {container[:12]}", partial(remains.remove_container, container))
    for failure in failures[1:]:
        progress.note(failure.message)
    if failures:
        raise failures[0]
    return tuple(removed)


def _is_orphan(process: Process, engine: Engine, removable: Callable[[Claimed], bool]) -> bool:
    """Return True if the process's owner has ended, or if it has no owner and creates nodes of a removable cluster."""
    if process.owner is not None:
        return process.owner.has_ended()
    name = process.makes_nodes_of
    if name is None or not CLUSTER_NAME.fullmatch(name):
        return False
    networks = engine.networks(f"name=^{name}$")
    return all(CLUSTER_LABEL in (seen["Labels"] or {}) and removable(Claimed.of_network(seen)) for seen in networks)
