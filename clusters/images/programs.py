"""Programs of source `built`: a Go module of ours whose `tool` lines name what to build.

A folder below `modules/` is a go.mod with go.sum and nothing else, or a small program of ours. Results
are kept in the user's cache under the digest of everything that goes in, so nothing is built twice.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.command import Commands
from clusters.errors import BuildFailed, CommandFailed
from clusters.progress import Progress, timed

MODULES = Path(__file__).with_name("modules")
GO_TIMEOUT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Module:
    """One Go module to build: its folder's name, build tags and linker settings (`-X name=value`)."""

    name: str
    tags: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        return MODULES / self.name

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments of `go install`; `tool` stands for all tools of the go.mod."""
        linker = " ".join(["-s", "-w", *(f"-X {setting}" for setting in self.settings)])
        target = "." if (self.directory / "main.go").exists() else "tool"
        return ("-trimpath", f"-tags={','.join(self.tags)}", f"-ldflags={linker}", target)

    @property
    def digest(self) -> str:
        """Changes with every dependency and every build setting."""
        digest = hashlib.sha256()
        for file in sorted(self.directory.iterdir()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        digest.update(repr(self.arguments).encode())
        return digest.hexdigest()[:12]


def cache_directory() -> Path:
    """Where the user's caches live (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubeproof"


class Programs:
    """Builds modules and remembers them in `cache`."""

    def __init__(self, commands: Commands, cache: Path) -> None:
        self._commands = commands
        self._cache = cache / "programs"

    def ensure(self, module: Module, progress: Progress) -> Path:
        """The directory that holds the module's programs, built now if need be. Raises `BuildFailed`."""
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
                remedy="`kubeproof doctor` says whether the Go toolchain and its module proxy are in reach",
                detail=failure.detail,
            ) from failure
