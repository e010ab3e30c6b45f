"""The seam to the machine: programs and kernel settings, on the node as well as in the guest."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol

TIMEOUT_S = 30.0
"""Every program run through here only asks or tells the kernel something."""


class HostCommandFailed(Exception):
    """A program ended other than with 0, or not in time."""


class Host(Protocol):
    """Runs programs and writes kernel settings."""

    def run(self, argv: tuple[str, ...], *, stdin: str = "") -> str:
        """What the program printed. Raises `HostCommandFailed`."""

    def write(self, file: Path, text: str) -> None:
        """Put `text` into `file`. Raises `OSError`."""


class ThisHost:
    """The machine we run on."""

    def run(self, argv: tuple[str, ...], *, stdin: str = "") -> str:
        line = " ".join(argv)
        try:
            done = subprocess.run(
                argv, input=stdin, text=True, errors="replace", capture_output=True, check=False, timeout=TIMEOUT_S
            )
        except subprocess.TimeoutExpired as late:
            raise HostCommandFailed(f"`{line}` did not end within {TIMEOUT_S:.0f} s") from late
        if done.returncode != 0:
            raise HostCommandFailed(f"`{line}` ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def write(self, file: Path, text: str) -> None:
        file.write_text(text)
