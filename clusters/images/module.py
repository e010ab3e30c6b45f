"""Go modules of source `built`, whose `tool` directives name the programs to build.

A directory below `modules/` has a go.mod with its go.sum, and a main.go where the program is one of Kubeproof's own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).with_name("modules")

NO_DEBUG_INFORMATION = "-gcflags=all=-dwarf=false"
"""The linker's `-s -w` leaves debug information out; without it packages compile a tenth faster. The same for every
module, because Go compiles a package again for other flags.
"""


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
        return ("-trimpath", f"-tags={','.join(self.tags)}", f"-ldflags={linker}", NO_DEBUG_INFORMATION, target)

    @property
    def digest(self) -> str:
        """Return a digest of all dependencies and build settings."""
        digest = hashlib.sha256()
        for file in sorted(self.directory.iterdir()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        digest.update(repr(self.arguments).encode())
        return digest.hexdigest()[:12]
