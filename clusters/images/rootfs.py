"""Root file systems of source `built`: Debian packages unpacked by mmdebstrap into one tar file."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from clusters.command import Commands
from clusters.errors import BuildFailed, CommandFailed

TIMEOUT_S = 900.0
APT_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
"""Where a Debian host says which mirror it uses; we use the same, and leave no trace of it in the image."""

OS_RELEASE = Path("/etc/os-release")
FIELD = re.compile(r"^(ID|VERSION_CODENAME)=(\w+)$", re.MULTILINE)
"""https://www.freedesktop.org/software/systemd/man/latest/os-release.html"""

LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")


def bootstrap(
    commands: Commands,
    suite: str,
    packages: tuple[str, ...],
    archive: Path,
    sources: tuple[Path, ...] = APT_SOURCES,
    os_release: Path = OS_RELEASE,
) -> None:
    """Write a root file system of `packages` to `archive`. Raises `BuildFailed`.

    A list of one statically linked package is unpacked alone, with nothing beside it.
    """
    alone = packages == ("busybox-static",)
    try:
        with tempfile.TemporaryDirectory() as folder:
            commands.run(
                *_own_mounts(commands),
                "mmdebstrap",
                f"--variant={'extract' if alone else 'minbase'}",
                f"--include={','.join(packages)}",
                *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
                '--customize-hook=rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d',
                '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname',
                suite,
                str(archive),
                *_mirrors(suite, sources, os_release, Path(folder)),
                timeout_s=TIMEOUT_S,
            )
    except CommandFailed as failure:
        raise BuildFailed(
            f"root file system of {len(packages)} Debian packages did not build: {failure.message}",
            remedy="`kubeproof doctor` says whether mmdebstrap and a Debian mirror are in reach",
            detail=failure.detail,
        ) from failure


def _own_mounts(commands: Commands) -> tuple[str, ...]:
    """How to start a program whose mounts go with it; nothing where that is not allowed.

    mmdebstrap as root mounts the host's /proc, /sys and parts of /dev into the new file system, and killed it leaves
    them there. Another user's mmdebstrap has a mount namespace by itself.
    """
    own = ("unshare", "--mount", "--")
    try:
        commands.run(*own, "true")
    except CommandFailed:
        return ()
    return own


def _mirrors(suite: str, sources: tuple[Path, ...], os_release: Path, folder: Path) -> tuple[str, ...]:
    """The first of a Debian host's sources, of `suite` in place of its own, written to `folder`; or nothing."""
    found = next((file for file in sources if file.exists()), None)
    own = debian_suite(os_release.read_text() if os_release.exists() else "")
    if found is None or own is None:
        return ()
    text = re.sub(rf"\b{own}\b", suite, found.read_text())
    (folder / found.name).write_text(text)
    return (str(folder / found.name),)


def debian_suite(os_release: str) -> str | None:
    """The suite of a Debian host by the text of its os-release file; None of any other host."""
    host = dict(FIELD.findall(os_release))
    return host.get("VERSION_CODENAME") if host.get("ID") == "debian" else None
