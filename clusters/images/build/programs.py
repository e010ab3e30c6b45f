"""Programs of Go modules. They are kept in the user's cache under a digest of all inputs, so none is built twice."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from clusters.errors import BuildFailed, CommandFailed
from clusters.host.command import Commands
from clusters.host.progress import Progress, timed
from clusters.images.module import Module

GO_TIMEOUT_S = 3600.0


def cache_directory() -> Path:
    """Return Kubeproof's cache directory (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubeproof"


class Programs:
    """The built programs of Go modules, stored in a cache directory."""

    def __init__(self, commands: Commands, cache: Path) -> None:
        self._commands = commands
        self._cache = cache / "programs"

    def directory(self, module: Module) -> Path:
        """Return the directory of the module's programs, whether or not they are built."""
        return self._cache / f"{module.name}-{module.digest}"

    def has(self, module: Module) -> bool:
        return self.directory(module).is_dir()

    def ensure(self, module: Module, progress: Progress) -> Path:
        """Return the directory of the module's programs, after building them if necessary. Raises `BuildFailed`."""
        if not self.has(module):
            with timed(progress, f"building Go programs of {module.name}"):
                self.build(module)
        return self.directory(module)

    def build(self, module: Module) -> None:
        """Build the module's programs. Raises `BuildFailed`. Go continues an interrupted build from its own cache."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".building-") as scratch:
            binaries = Path(scratch) / "bin"
            self._go_install(module, binaries)
            binaries.rename(self.directory(module))

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
