"""Choices that a user may leave to us, each with its reason told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from clusters.cluster import CaseImages, Cluster
from clusters.command import HostCommands
from clusters.doctor import Host, Question, examine
from clusters.doctor.machine import Machine
from clusters.engine import Engine
from clusters.existing import ExistingProvider
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.named import NamedImages, PushedImages
from clusters.images.programs import Programs, cache_directory
from clusters.images.recipes import recipe_book, stock_book
from clusters.kind.images import Images, case_images
from clusters.kind.provider import KindProvider
from clusters.patience import host_patience
from clusters.progress import Progress
from clusters.provider import ClusterProvider
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
    """The whole spec, with what was left open decided by asking the host: this machine, if none is given.

    Raises `UsageError` for what cannot be had at all, `HostUnfit` for what this host cannot run.
    """
    release = read_lock().release(kubernetes)
    question = Question((mode,), source, substrate, release.version, workers=workers)
    progress.step("doctor looks at the host")
    report = examine(question, host or Machine())
    plan = report.plan_for(mode)
    progress.note(plan.why)
    runs, asked = release.version_of(plan.source), kubernetes or release.version
    if runs != asked:
        wanted = "was asked for" if kubernetes else "is the default"
        progress.note(f"Kubernetes {runs} runs where {asked} {wanted}: source {plan.source} has no other of that minor")
    spec = ClusterSpec(mode, runs, plan.source, plan.substrate, workers=workers)
    report.require(spec)
    return spec


def kind_provider(*, keep: bool) -> KindProvider:
    """The provider of kind clusters on this host's engine. Raises `EngineUnavailable`, `UsageError` for no patience."""
    commands = HostCommands()
    engine = Engine.find(commands, host_patience())
    lock = read_lock()
    programs = Programs(commands, cache_directory())
    images = Images(engine, lock, Builder(engine, commands, programs))
    return KindProvider(engine, commands, lock, images, programs, state_directory(), keep)


def provider_of(cluster: Cluster) -> ClusterProvider:
    """The provider that reaches a cluster which another process of the same run has opened."""
    return existing_provider_of(cluster) if cluster.network is None else kind_provider(keep=False)


def existing_provider_of(cluster: Cluster) -> ExistingProvider:
    """The same for an existing cluster."""
    return ExistingProvider.of(
        cluster.kubeconfig,
        cluster.context,
        cluster.images,
        allow_disruptive=cluster.owned,
        namespace=cluster.namespace,
    )


def existing_provider(kubeconfig: Path, context: str, allow_disruptive: bool, named: NamedImages) -> ExistingProvider:
    """The provider of one existing cluster. Raises `UsageError` for a file or a context that does not exist."""
    images = images_of_existing(named, pushed_images().read())
    return ExistingProvider.of(kubeconfig, context, images, allow_disruptive=allow_disruptive)


def images_of_existing(named: NamedImages, pushed: Mapping[str, str]) -> CaseImages:
    """Return what an existing cluster's nodes have to have, or be able to pull: images that the user has `named`, or
    else those that were `pushed` by today's recipes; otherwise agnhost by upstream's name and the others by ours."""
    lock = read_lock()
    release = lock.release(None)
    book = recipe_book(lock, release)
    ours = replace(case_images(book), tools=f"docker.io/{book.tools.tag}")
    recipes = (*book.for_existing, *stock_book(lock, release).for_existing)
    of_today = {f"{recipe.name}:{recipe.digest}" for recipe in recipes}
    return named.over(ours, {name: found for name, found in pushed.items() if found.rpartition("/")[2] in of_today})


def pushed_images() -> PushedImages:
    """What this user has pushed from this machine for existing clusters."""
    return PushedImages(state_directory() / "pushed-images.json")


def state_directory() -> Path:
    """Where our own kubeconfig files live (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kubeproof"
