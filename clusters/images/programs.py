"""Programs of source `built`: Go modules whose `tool` directives name the programs to build.

A directory below `modules/` has a go.mod with its go.sum, or a small program of Kubeproof's own. The built programs are
kept in the user's cache under a digest of all inputs, so that nothing is built twice.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import BuildFailed, CommandFailed
from clusters.host.command import Commands
from clusters.host.progress import Progress, timed

MODULES = Path(__file__).with_name("modules")
GO_TIMEOUT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module to build: the name of its directory, build tags and linker settings (`-X name=value`)."""

    name: str
    tags: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        return MODULES / self.name

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments of `go install`; its package pattern `tool` means all tools of the go.mod."""
        linker = " ".join(["-s", "-w", *(f"-X {setting}" for setting in self.settings)])
        target = "." if (self.directory / "main.go").exists() else "tool"
        return ("-trimpath", f"-tags={','.join(self.tags)}", f"-ldflags={linker}", target)

    @property
    def digest(self) -> str:
        """Return a digest of all dependencies and build settings."""
        digest = hashlib.sha256()
        for file in sorted(self.directory.iterdir()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        digest.update(repr(self.arguments).encode())
        return digest.hexdigest()[:12]


def cache_directory() -> Path:
    """Return Kubeproof's cache directory (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubeproof"


class Programs:
    """The built programs of Go modules, stored in a cache directory."""

    def __init__(self, commands: Commands, cache: Path) -> None:
        self._commands = commands
        self._cache = cache / "programs"

    def ensure(self, module: Module, progress: Progress) -> Path:
        """Return the directory of the module's programs, after building them if necessary. Raises `BuildFailed`."""
        built = self._cache / f"{module.name}-{module.digest}"
        if built.is_dir():
            return built
        self._cache.mkdir(parents=True, exist_ok=True)
        with (
            timed(progress, f"building Go programs of {module.name}"),
            tempfile.TemporaryDirectory(dir=self._cache, prefix=".building-") as scratch,
        ):
            binaries = Path(scratch) / "bin"
            self._go_install(module, binaries)
            binaries.rename(built)
        return built

    def _go_install(self, module: Module, binaries: Path) -> None:
        try:
            self._commands.run(
                "go",
                "install",
                *module.arguments,
                cwd=module.directory,
                env={"CGO_ENABLED": "0", "GOBIN": str(binaries), "GOFLAGS": "-mod=readonly -buildvcs=false"},
                timeout_s=GO_TIMEOUT_S,
            )
        except CommandFailed as failure:
            raise BuildFailed(
                f"Go programs of {module.name} did not build: {failure.message}",
                remedy="`kubeproof doctor` checks the Go toolchain and its module proxy",
                detail=failure.detail,
            ) from failure
