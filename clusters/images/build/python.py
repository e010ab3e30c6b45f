"""Python packages of images, downloaded for Debian's Python, which need not be the version that runs Kubeproof."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clusters.errors import BuildFailed, CommandFailed
from clusters.host.command import Commands

TIMEOUT_S = 600.0
DEBIANS_PYTHON = (
    *("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"),
    *("--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64"),
    *("--platform=manylinux2014_x86_64", "--platform=any"),
)


@dataclass(frozen=True, slots=True)
class PythonPackages:
    """The packages of requirements files, each set unpacked once in a directory of `cache`."""

    commands: Commands
    cache: Path

    def directory(self, requirements: Path) -> Path:
        """Return the directory of the packages, whether or not they are there."""
        wanted = requirements.read_bytes() + repr(DEBIANS_PYTHON).encode()
        return self.cache / "python" / hashlib.sha256(wanted).hexdigest()[:12]

    def has(self, requirements: Path) -> bool:
        return self.directory(requirements).is_dir()

    def build(self, requirements: Path) -> None:
        """Download and unpack the pinned packages of a requirements file. Raises `BuildFailed`."""
        target = self.directory(requirements)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
            unpacked = Path(scratch) / "packages"
            try:
                self.commands.run(
                    *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"),
                    *DEBIANS_PYTHON,
                    *(f"--target={unpacked}", f"--requirement={requirements}"),
                    timeout_s=TIMEOUT_S,
                )
            except CommandFailed as failure:
                raise BuildFailed(
                    f"Python packages of {requirements.parent.name} were not installed: {failure.message}",
                    remedy="pip must be able to reach the package index",
                    detail=failure.detail,
                ) from failure
            unpacked.mkdir(exist_ok=True)
            unpacked.rename(target)
