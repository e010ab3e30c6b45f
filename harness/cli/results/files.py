"""Files that a command is asked to write."""

from __future__ import annotations

from pathlib import Path

from clusters.errors import UsageError


def require_writable(option: str, file: Path | None) -> None:
    """Raise `UsageError` if the file cannot be written, before any work is done. A file that exists is replaced."""
    if file is None:
        return
    if file.is_dir():
        raise UsageError(f"{option} {file} is a directory", remedy="name a file")
    if not file.parent.is_dir():
        raise UsageError(f"{option} {file}: the directory {file.parent} does not exist", remedy="create it first")
