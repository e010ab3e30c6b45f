"""Choices that a user may leave to us, each with its reason told."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from clusters.cluster import Cluster
from clusters.command import HostCommands
from clusters.engine import Engine
from clusters.errors import CommandFailed, Refused
from clusters.images.build import Builder
from clusters.images.lock import read_lock
from clusters.images.programs import Programs, cache_directory
from clusters.kind.images import Images
from clusters.kind.provider import KindProvider
from clusters.progress import Progress
from clusters.provider import ClusterProvider
from clusters.spec import ClusterSpec, Mode, Source, Substrate

REGISTRY = ("registry-1.docker.io", 443)
REGISTRY_TIMEOUT_S = 3.0
IP_VS = Path("/proc/net/ip_vs")


def choose_spec(
    mode: Mode,
    source: Source | None,
    substrate: Substrate | None,
    kubernetes: str | None,
    workers: int,
    progress: Progress,
) -> ClusterSpec:
    """The whole spec, with what was left open decided by asking the host."""
    release = read_lock().release(kubernetes)
    if source is None:
        source, why = choose_source()
        progress.step(f"source {source}: {why}")
    if substrate is None:
        substrate, why = choose_substrate(mode)
        progress.step(f"substrate {substrate}: {why}")
    return ClusterSpec(mode, release.version, source, substrate, workers=workers)


def choose_source() -> tuple[Source, str]:
    """Registry if one answers within a few seconds, otherwise built."""
    try:
        with socket.create_connection(REGISTRY, timeout=REGISTRY_TIMEOUT_S):
            return Source.REGISTRY, f"{REGISTRY[0]} answers"
    except OSError as failure:
        return Source.BUILT, f"{REGISTRY[0]} does not answer ({failure})"


def choose_substrate(mode: Mode) -> tuple[Substrate, str]:
    """The host's own kernel wherever it can carry the mode."""
    if mode is not Mode.IPVS:
        return Substrate.HOST, f"every supported kernel carries {mode}"
    if IP_VS.exists() or _module_exists("ip_vs"):
        return Substrate.HOST, "the kernel has ip_vs"
    return Substrate.UML, "the kernel has no ip_vs, so a user-mode Linux beside each node carries it"


def kind_provider(*, keep: bool) -> KindProvider:
    """The provider of kind clusters on this host's engine. Raises `EngineUnavailable`."""
    commands = HostCommands()
    engine = Engine.find(commands)
    lock = read_lock()
    programs = Programs(commands, cache_directory())
    images = Images(engine, lock, Builder(engine, commands, programs))
    return KindProvider(engine, commands, lock, images, programs, state_directory(), keep)


def provider_of(cluster: Cluster) -> ClusterProvider:
    """The provider that reaches a cluster which another process of the same run has opened."""
    if cluster.network is None:
        raise Refused(f"cluster {cluster.name} is not one of kind's")
    return kind_provider(keep=False)


def state_directory() -> Path:
    """Where our own kubeconfig files live (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kubeproof"


def _module_exists(name: str) -> bool:
    try:
        HostCommands().run("modprobe", "--dry-run", "--quiet", name, timeout_s=10)
    except CommandFailed:
        return False
    return True
