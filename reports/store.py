"""A run's files: where they are stored, and how they are replaced atomically."""

from __future__ import annotations

import os
from pathlib import Path

from reports.model import RESULTS_FILE, RunResults, results_from_json, results_to_json

LATEST = "latest"


def write_whole(file: Path, text: str) -> None:
    """Replace `file` by a temporary file and a rename, so neither a reader nor a killed run leaves half of it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


def write_results(results: RunResults, directory: Path) -> None:
    """Write `results.json` to a run's directory."""
    write_whole(directory / RESULTS_FILE, results_to_json(results))


def read_results(directory: Path) -> RunResults:
    """Return the results in a run's directory. Raises `ValueError` for another schema."""
    return results_from_json((directory / RESULTS_FILE).read_text(encoding="utf-8"))


def point_latest_at(directory: Path) -> None:
    """Point the link `latest`, next to the run's directory, at it. A real folder of that name is left alone."""
    point_at(directory, LATEST)


def point_at(path: Path, link: str) -> None:
    """Point a link, next to a file or directory, at it. A real directory of that name is left alone."""
    temporary = path.parent / f".{link}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(path.name)
    try:
        temporary.replace(path.parent / link)
    except IsADirectoryError:
        temporary.unlink()
