"""Choices that a user may leave to us, each with its reason told."""

from __future__ import annotations

import os
from pathlib import Path

from clusters.cluster import Cluster
from clusters.command import HostCommands
from clusters.doctor import Host, Question, examine
from clusters.doctor.machine import Machine
from clusters.engine import Engine
from clusters.existing import ExistingProvider
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.programs import Programs, cache_directory
from clusters.images.recipes import recipe_book
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
    if cluster.network is None:
        return ExistingProvider.of(cluster.kubeconfig, cluster.context, cluster.images, allow_disruptive=cluster.owned)
    return kind_provider(keep=False)


def existing_provider(kubeconfig: Path, context: str, allow_disruptive: bool) -> ExistingProvider:
    """The provider of one existing cluster. Raises `UsageError` for a file or a context that does not exist.

    Its nodes have to have, or be able to pull, the images of the cases: agnhost under upstream's name, and
    the load image under ours.
    """
    lock = read_lock()
    images = case_images(recipe_book(lock, lock.release(None)))
    return ExistingProvider.of(kubeconfig, context, images, allow_disruptive=allow_disruptive)


def state_directory() -> Path:
    """Where our own kubeconfig files live (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kubeproof"
