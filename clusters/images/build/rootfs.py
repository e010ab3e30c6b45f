"""Root file systems of source `built`: tar files of Debian packages, created by mmdebstrap."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from clusters.errors import BuildFailed, CommandFailed
from clusters.host.command import Commands

TIMEOUT_S = 900.0
APT_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
"""The files in which a Debian host configures its mirrors. Images are built from these, but do not contain them."""

OS_RELEASE = Path("/etc/os-release")
FIELD = re.compile(r"^(ID|VERSION_CODENAME)=(\w+)$", re.MULTILINE)
"""A field of an os-release file: https://www.freedesktop.org/software/systemd/man/latest/os-release.html"""

MIRROR = re.compile(r"^(?:URIs:|deb(?: \[[^]]*\])?) +(?P<uri>\S+)", re.MULTILINE)
"""The first mirror of a source, in either format (sources.list(5))."""

DEFAULT_MIRROR = "http://deb.debian.org/debian"
BACKPORTS = "-backports"
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

    If `suite` is the backports of a release, packages that the release itself has come from there. If the only package
    is busybox-static, unpack it alone, without Debian's essential packages.
    """
    alone = packages == ("busybox-static",)
    release, backports = suite.removesuffix(BACKPORTS), suite.endswith(BACKPORTS)
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
                release,
                str(archive),
                *_mirrors(release, sources, os_release, Path(folder), backports=backports),
                timeout_s=TIMEOUT_S,
            )
    except CommandFailed as failure:
        raise BuildFailed(
            f"root file system of {len(packages)} Debian packages did not build: {failure.message}",
            remedy="`kubeproof doctor` checks mmdebstrap and the Debian mirror",
            detail=failure.detail,
        ) from failure


def _own_mounts(commands: Commands) -> tuple[str, ...]:
    """Return the command that runs a program in its own mount namespace; nothing where that is not permitted.

    As root, mmdebstrap mounts the host's /proc, /sys and parts of /dev into the new file system, and leaves them
    mounted if it is killed. For other users, mmdebstrap itself creates a mount namespace.
    """
    own = ("unshare", "--mount", "--")
    try:
        commands.run(*own, "true")
    except CommandFailed:
        return ()
    return own


def _mirrors(release: str, sources: tuple[Path, ...], os_release: Path, folder: Path, *, backports: bool) -> list[str]:
    """Return mmdebstrap's arguments that name mirrors; none, which means its default, unless `backports` are wanted.

    On a Debian host that has sources, the first of them is written to `folder` with `release` in place of the host's.
    """
    found = next((file for file in sources if file.exists()), None)
    own = debian_suite(os_release.read_text() if os_release.exists() else "")
    text = "" if found is None or own is None else re.sub(rf"\b{own}\b", release, found.read_text())
    mirror = MIRROR.search(text)
    uri = DEFAULT_MIRROR if mirror is None else mirror["uri"]
    named = []
    if found is not None and text:
        (folder / found.name).write_text(text)
        named = [str(folder / found.name)]
    if not backports:
        return named
    return [*(named or [f"deb {uri} {release} main"]), f"deb {uri} {release}{BACKPORTS} main"]


def debian_suite(os_release: str) -> str | None:
    """Return the suite of a Debian host, given the text of its os-release file, or None for another distribution."""
    host = dict(FIELD.findall(os_release))
    return host.get("VERSION_CODENAME") if host.get("ID") == "debian" else None
