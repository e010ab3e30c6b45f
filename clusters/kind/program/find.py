"""The kind program: the installed one if it fits, otherwise one built from its Go module."""

from __future__ import annotations

import shutil

from clusters.errors import BuildFailed, CommandFailed, HostUnfit
from clusters.host.command import Commands
from clusters.host.progress import Progress
from clusters.images.build.programs import Programs
from clusters.images.recipes import KIND
from clusters.kind.program.fit import KindVersion, Minor, oldest_that_fits, why_unfit


def find_kind(commands: Commands, programs: Programs, kubernetes: Minor, progress: Progress) -> str:
    """Return the path of a kind program that can create a cluster of that Kubernetes version.

    Report to `progress` why the installed one cannot. Raises `HostUnfit` if none fits and none can be built.
    """
    installed = shutil.which("kind")
    unfit = "none is installed"
    if installed is not None:
        reason = why_unfit(_version(commands, installed), kubernetes)
        if reason is None:
            return installed
        unfit = f"{installed} cannot be used: {reason}"
        progress.note(unfit)
    try:
        return str(programs.ensure(KIND, progress) / "kind")
    except BuildFailed as failure:
        major, minor = kubernetes
        raise HostUnfit(
            f"no kind program fits Kubernetes {major}.{minor}: {unfit}; {failure.message}",
            remedy=f"install kind {oldest_that_fits(kubernetes)} or later, or a Go toolchain",
            detail=failure.detail,
        ) from failure


def _version(commands: Commands, program: str) -> KindVersion | None:
    try:
        return KindVersion.parse(commands.run(program, "version", timeout_s=20).stdout)
    except CommandFailed:
        return None
