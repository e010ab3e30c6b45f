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
            mirrors = _mirrors(release, sources, os_release, Path(folder))
            commands.run(
                *_own_mounts(commands),
                "mmdebstrap",
                f"--variant={'extract' if alone else 'minbase'}",
                f"--include={','.join(packages)}",
                *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
                *((_backports(release, ()),) if backports and not mirrors else ()),
                '--customize-hook=rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d',
                '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname',
                release,
                str(archive),
                *map(str, mirrors),
                *((_backports(release, mirrors),) if backports and mirrors else ()),
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


def _mirrors(release: str, sources: tuple[Path, ...], os_release: Path, folder: Path) -> tuple[Path, ...]:
    """Write the first of a Debian host's sources to `folder`, with `release` in place of the host's, and return it.

    Return nothing if the host is not Debian or has no sources.
    """
    found = next((file for file in sources if file.exists()), None)
    own = debian_suite(os_release.read_text() if os_release.exists() else "")
    if found is None or own is None:
        return ()
    (folder / found.name).write_text(re.sub(rf"\b{own}\b", release, found.read_text()))
    return (folder / found.name,)


def _backports(release: str, mirrors: tuple[Path, ...]) -> str:
    """Return mmdebstrap's argument that adds the backports of `release`, from the mirror that the release comes from.

    Without mirrors, mmdebstrap has already written a list of its own default ones when it runs a set-up hook.
    """
    if mirrors:
        mirror = MIRROR.search(mirrors[0].read_text())
        assert mirror is not None, f"{mirrors[0].name} names no mirror"
        return f"deb {mirror['uri']} {release}{BACKPORTS} main"
    added = f"p;s/ {release} main$/ {release}{BACKPORTS} main/p"
    return f'--setup-hook=sed --quiet --in-place "{added}" "$1"/etc/apt/sources.list'


def debian_suite(os_release: str) -> str | None:
    """Return the suite of a Debian host, given the text of its os-release file, or None for another distribution."""
    host = dict(FIELD.findall(os_release))
    return host.get("VERSION_CODENAME") if host.get("ID") == "debian" else None
