"""The kind program: the user's own if its version fits, otherwise built from its Go module."""

from __future__ import annotations

import re
import shutil

from clusters.command import Commands
from clusters.errors import BuildFailed, CommandFailed, HostUnfit
from clusters.images.programs import Programs
from clusters.images.recipes import KIND
from clusters.progress import Progress

OLDEST_THAT_FITS = (0, 27)
"""nftables mode came to kind with 0.25, containerd 2 node images with 0.27."""


def find_kind(commands: Commands, programs: Programs, progress: Progress) -> str:
    """Path of a kind program that will do. Raises `HostUnfit` if there is none and none can be built."""
    installed = shutil.which("kind")
    if installed and _version(commands, installed) >= OLDEST_THAT_FITS:
        return installed
    try:
        return str(programs.ensure(KIND, progress) / "kind")
    except BuildFailed as failure:
        raise HostUnfit(
            "no kind program of version 0.27 or later, and it could not be built",
            remedy="install kind, or a Go toolchain",
            detail=failure.detail,
        ) from failure


def _version(commands: Commands, program: str) -> tuple[int, int]:
    try:
        told = commands.run(program, "version", timeout_s=20).stdout
    except CommandFailed:
        return (0, 0)
    match = re.search(r"v(\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else (0, 0)
