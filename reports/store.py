"""Where a run's files are kept, and how they are replaced: whole, or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from reports.model import RESULTS_FILE, RunResults

LATEST = "latest"


def write_whole(file: Path, text: str) -> None:
    """Replace `file` by temporary file and rename: a reader, or a killed run, never sees half of it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


def write_results(results: RunResults, directory: Path) -> None:
    """Write `results.json` of a run's directory."""
    write_whole(directory / RESULTS_FILE, json.dumps(results.as_json(), indent=1, default=str) + "\n")


def read_results(directory: Path) -> RunResults:
    """Read a run back. Raises `ValueError` for another schema."""
    return RunResults.from_json(json.loads((directory / RESULTS_FILE).read_text(encoding="utf-8")))


def point_latest_at(directory: Path) -> None:
    """Let `latest` beside the run's directory lead to it. A folder of that name, which is not ours, stays."""
    temporary = directory.parent / f".{LATEST}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(directory.name)
    try:
        temporary.replace(directory.parent / LATEST)
    except IsADirectoryError:
        temporary.unlink()
