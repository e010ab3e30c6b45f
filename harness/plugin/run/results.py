"""Results of an earlier run, read from a file that may be truncated, foreign or hostile."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path

from clusters.errors import UsageError
from reports.model import RESULTS_FILE, RunResults, results_from_json

MOST_BYTES = 256 * 2**20
"""A whole sweep of the performance suite writes about 400 KiB."""


def read_run(directory: Path) -> RunResults:
    """Return the results in a run's directory. Raises `UsageError`, in one line, for a file that holds none."""
    file = directory / RESULTS_FILE
    try:
        return results_from_json(_text(file))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{directory} holds no {RESULTS_FILE}", remedy="name a directory below runs/") from None
    except OSError as failure:
        raise UsageError(f"{file} cannot be read: {failure.strerror}") from failure
    except RecursionError as unfit:
        raise UsageError(f"{file} is no kubeproof results: it is nested too deeply") from unfit
    except UnicodeDecodeError as unfit:
        raise UsageError(f"{file} is no kubeproof results: byte {unfit.start} is not UTF-8") from unfit
    except json.JSONDecodeError as unfit:
        where = f"line {unfit.lineno}, column {unfit.colno}"
        raise UsageError(f"{file} is no JSON, or only a part of it: {unfit.msg} at {where}") from unfit
    except ValueError as unfit:
        raise UsageError(f"{file} is no kubeproof results: {unfit}") from unfit


def read_runs(directories: Sequence[Path]) -> tuple[list[RunResults], list[UsageError]]:
    """Return the results that can be read, and why the others cannot."""
    found: list[RunResults] = []
    unreadable: list[UsageError] = []
    for directory in directories:
        try:
            found.append(read_run(directory))
        except UsageError as failure:
            unreadable.append(failure)
    return found, unreadable


def run_directories(directory: Path) -> list[Path]:
    """Return the directories of runs below a folder, at any depth, in alphabetical order. Links are not followed."""
    return sorted(file.parent for file in directory.rglob(RESULTS_FILE) if not file.parent.is_symlink())


def _text(file: Path) -> str:
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a regular file")
    if not found.st_size:
        raise ValueError("it is empty")
    if found.st_size > MOST_BYTES:
        raise ValueError(f"it has {found.st_size:,} bytes, more than {MOST_BYTES:,}")
    return file.read_text(encoding="utf-8")
