"""Access to the machine, the node or the guest: runs programs and writes kernel settings. Faked in tests."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol

TIMEOUT_S = 30.0
"""Enough for every program run here: each only reads or changes kernel state."""


class HostCommandFailed(Exception):
    """A program exited with another code than 0, or did not exit in time."""


class Host(Protocol):
    """Runs programs and writes kernel settings."""

    def run(self, argv: tuple[str, ...], *, stdin: str = "") -> str:
        """Run a program and return its standard output. Raises `HostCommandFailed`."""

    def write(self, file: Path, text: str) -> None:
        """Write `text` to `file`. Raises `OSError`."""

    def has(self, file: Path) -> bool:
        """Return True if there is such a file."""


class ThisHost:
    """The machine that this process runs on."""

    def run(self, argv: tuple[str, ...], *, stdin: str = "") -> str:
        line = " ".join(argv)
        try:
            done = subprocess.run(
                argv, input=stdin, text=True, errors="replace", capture_output=True, check=False, timeout=TIMEOUT_S
            )
        except subprocess.TimeoutExpired as late:
            raise HostCommandFailed(f"`{line}` did not exit within {TIMEOUT_S:.0f} s") from late
        if done.returncode != 0:
            raise HostCommandFailed(f"`{line}` exited with code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def write(self, file: Path, text: str) -> None:
        file.write_text(text)

    def has(self, file: Path) -> bool:
        return file.exists()
