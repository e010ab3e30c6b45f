"""Root file systems of source `built`: Debian packages unpacked by mmdebstrap into one tar file."""

from __future__ import annotations

from pathlib import Path

from clusters.command import Commands
from clusters.errors import BuildFailed, CommandFailed

TIMEOUT_S = 900.0
APT_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
"""Where a Debian host says which mirror it uses; we use the same, and leave no trace of it in the image."""

LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")


def bootstrap(
    commands: Commands,
    suite: str,
    packages: tuple[str, ...],
    archive: Path,
    sources: tuple[Path, ...] = APT_SOURCES,
) -> None:
    """Write a root file system of `packages` to `archive`. Raises `BuildFailed`.

    A list of one statically linked package is unpacked alone, with nothing beside it.
    """
    alone = packages == ("busybox-static",)
    mirror = [str(file) for file in sources if file.exists()][:1]
    try:
        commands.run(
            "mmdebstrap",
            f"--variant={'extract' if alone else 'minbase'}",
            f"--include={','.join(packages)}",
            *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
            '--customize-hook=rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d',
            '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname',
            suite,
            str(archive),
            *mirror,
            timeout_s=TIMEOUT_S,
        )
    except CommandFailed as failure:
        raise BuildFailed(
            f"root file system of {len(packages)} Debian packages did not build: {failure.message}",
            remedy="`kubeproof doctor` says whether mmdebstrap and a Debian mirror are in reach",
            detail=failure.detail,
        ) from failure
