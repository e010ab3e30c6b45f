"""The files of the logs that a provider exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from clusters.errors import WorldError


def write_logs(directory: Path, logs: Iterable[tuple[str, Callable[[], str]]]) -> None:
    """Write logs, given as the file's name and a function that reads the log, into `directory`.

    A log that cannot be read holds the reason. Raises `WorldError` if the directory cannot be written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, read in logs:
            (directory / name).write_text(_text(read))
    except OSError as failure:
        raise WorldError(f"logs cannot be written to {directory}: {failure}") from failure


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except WorldError as failure:
        return f"could not be read: {failure}\n"
