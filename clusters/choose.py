"""Default choices for options that the user left open, and the providers that a run uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from clusters.cluster import CaseImages, Cluster
from clusters.doctor import Host, Question, examine
from clusters.doctor.machine import Machine
from clusters.engine import Engine
from clusters.existing import ExistingProvider
from clusters.host.command import HostCommands
from clusters.host.patience import host_patience
from clusters.host.processes import HostProcesses
from clusters.host.progress import Progress
from clusters.images.build.builder import Builder
from clusters.images.build.programs import Programs, cache_directory
from clusters.images.lock import read_lock
from clusters.images.named import NamedImages, PushedImages
from clusters.images.recipes import recipe_book, stock_book
from clusters.kind.background import BackgroundBuild
from clusters.kind.images import Images, case_images
from clusters.kind.provider import KindProvider
from clusters.nodes.access import NodeAccess
from clusters.spec import ClusterSpec, Mode, Source, Substrate


def choose_spec(
    mode: Mode,
    source: Source | None,
    substrate: Substrate | None,
    kubernetes: str | None,
    workers: int,
    progress: Progress,
    host: Host | None = None,
) -> ClusterSpec:
    """Return the complete spec. Options left open are chosen by checking `host`, by default this machine.

    Report each choice and its reason to `progress`. Raises `UsageError` for a combination that does not exist,
    `HostUnfit` for one that this host cannot run.
    """
    release = read_lock().release(kubernetes)
    question = Question((mode,), source, substrate, release.version, workers=workers)
    progress.step("checking the host")
    report = examine(question, host or Machine())
    plan = report.plan_for(mode)
    progress.note(plan.why)
    available, requested = release.version_of(plan.source), kubernetes or release.version
    if available != requested:
        origin = "was requested" if kubernetes else "is the default"
        progress.note(
            f"using Kubernetes {available} although {requested} {origin}: "
            f"source {plan.source} has no other patch release of that minor version"
        )
    spec = ClusterSpec(mode, available, plan.source, plan.substrate, workers=workers)
    report.require(spec)
    return spec


def kind_provider(*, keep: bool) -> KindProvider:
    """Return the provider of kind clusters on this host's container engine.

    Raises `EngineUnavailable`, and `UsageError` for an invalid KUBEPROOF_PATIENCE.
    """
    commands = HostCommands()
    engine = Engine.find(commands, host_patience())
    lock = read_lock()
    programs = Programs(commands, cache_directory())
    images = Images(engine, lock, Builder.on_host(engine, commands, cache_directory()))
    return KindProvider(engine, commands, lock, images, programs, state_directory(), keep)


def node_access_of(cluster: Cluster) -> NodeAccess:
    """Return the access to the nodes of a cluster that another process of the same run has created or opened."""
    return existing_provider_of(cluster) if cluster.network is None else kind_provider(keep=False)


def wait_case_images(cluster: Cluster, purposes: tuple[str, ...], progress: Progress) -> None:
    """Wait until images of a kind cluster that are built while cases run exist, and are on the nodes if pods use them.

    `purposes` are fields of `CaseImages`. Raises `BuildFailed`, `ClusterNotReady`.
    """
    kind_provider(keep=False).wait_images(cluster, purposes, progress)


def settle_background_build(cluster: Cluster, *, wait: bool) -> None:
    """Return when no images are being built for a cluster any more: wait until they are, or stop the build.

    Raises `BuildFailed` if the build does not end.
    """
    if cluster.network is None:
        return
    build = BackgroundBuild(cluster.name, state_directory(), HostProcesses())
    if wait:
        build.wait_ended()
    else:
        build.stop()


def existing_provider_of(cluster: Cluster) -> ExistingProvider:
    """Return a provider for an existing cluster that another process of the same run has opened."""
    return ExistingProvider.of(
        cluster.kubeconfig,
        cluster.context,
        cluster.images,
        allow_disruptive=cluster.owned,
        namespace=cluster.namespace,
    )


def existing_provider(kubeconfig: Path, context: str, allow_disruptive: bool, named: NamedImages) -> ExistingProvider:
    """Return the provider of one existing cluster. Raises `UsageError` if the file or the context does not exist."""
    images = images_of_existing(named, pushed_images().read())
    return ExistingProvider.of(kubeconfig, context, images, allow_disruptive=allow_disruptive)


def images_of_existing(named: NamedImages, pushed: Mapping[str, str]) -> CaseImages:
    """Return the images that an existing cluster's nodes must have or be able to pull.

    Each is, in this order: the one that the user has `named`; the one that was `pushed`, if the current recipes made
    it; the default, which is the upstream reference for agnhost and Kubeproof's own for the others.
    """
    lock = read_lock()
    release = lock.release(None)
    book = recipe_book(lock, release)
    defaults = replace(case_images(book), tools=f"docker.io/{book.tools.tag}")
    recipes = (*book.for_existing, *stock_book(lock, release).for_existing)
    current = {f"{recipe.name}:{recipe.digest}" for recipe in recipes}
    return named.over(defaults, {name: found for name, found in pushed.items() if found.rpartition("/")[2] in current})


def pushed_images() -> PushedImages:
    """Return the record of the images that this user has pushed from this machine for existing clusters."""
    return PushedImages(state_directory() / "pushed-images.json")


def state_directory() -> Path:
    """Return the directory of Kubeproof's kubeconfig files (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kubeproof"
