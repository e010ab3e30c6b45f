"""Removing what runs left behind: only what is proved to be ours, and only when nobody comes back for it.

Processes of ended runs are ended first, so that none of them makes anything while the rest is removed. Then the
containers go, with their volumes, and last the network, by whose labels everything else is found.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from clusters.clock import Clock, SystemClock
from clusters.command import HostCommands
from clusters.engine import Engine
from clusters.errors import WorldError
from clusters.ownership import CLUSTER_LABEL, KIND_CLUSTER_LABEL, Claimed
from clusters.patience import host_patience
from clusters.processes import HostProcesses, Process, Processes
from clusters.progress import Progress
from clusters.remains import Remains, remove_until_gone
from clusters.spec import CLUSTER_NAME


def claimed_clusters(engine: Engine) -> tuple[Claimed, ...]:
    """Every cluster of ours, whoever owns it now."""
    return tuple(Claimed.of_network(network) for network in engine.networks(f"label={CLUSTER_LABEL}"))


def remove_cluster(engine: Engine, claimed: Claimed, clock: Clock | None = None) -> None:
    """Remove the nodes, the outside clients and last the network. What is gone already is a success.

    Nothing may make containers of the cluster any more. Raises `WorldError` if some of them do not go.
    """

    def sample() -> tuple[str, ...]:
        labels = (KIND_CLUSTER_LABEL, CLUSTER_LABEL)
        found = {
            container: None for label in labels for container in engine.container_ids(f"label={label}={claimed.name}")
        }
        # While its network is there nobody has begun a cluster of the same name, of which these might be a part.
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
    """Remove what runs left behind that have ended, and return it in words.

    These are processes, abandoned clusters, with `kept_too` also those kept on purpose whose owner is gone, and
    containers without their cluster. Raises `WorldError` if something does not go, after it has tried the rest.
    """
    engine = engine or Engine.find(HostCommands(), host_patience())
    processes = processes or HostProcesses()
    clock = clock or SystemClock()
    remains = Remains(engine, clock)

    def given_up(claimed: Claimed) -> bool:
        return claimed.abandoned or (kept_too and claimed.ownerless)

    ended = processes.end(lambda process: _is_orphan(process, engine, given_up))
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
        if given_up(claimed):
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


def _is_orphan(process: Process, engine: Engine, given_up: Callable[[Claimed], bool]) -> bool:
    """True if its owner has ended, or if it has none and makes nodes of a cluster that is given up."""
    if process.owner is not None:
        return process.owner.has_ended()
    name = process.makes_nodes_of
    if name is None or not CLUSTER_NAME.fullmatch(name):
        return False
    networks = engine.networks(f"name=^{name}$")
    return all(CLUSTER_LABEL in (seen["Labels"] or {}) and given_up(Claimed.of_network(seen)) for seen in networks)
