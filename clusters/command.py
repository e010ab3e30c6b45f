"""Running programs: a seam (`Commands`) that tests replace, and the real thing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clusters.errors import CommandFailed
from clusters.processes import HostProcesses
from clusters.supervisor import supervise

LAST_WORDS_S = 5.0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a program that ended with 0 printed."""

    stdout: str
    stderr: str


class Commands(Protocol):
    """Runs programs on this host."""

    def run(
        self,
        *argv: str,
        timeout_s: float = 60.0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> CommandResult:
        """Run to the end. `env` is added to our own. Raises `CommandFailed` on any other end than 0."""


class HostCommands:
    """Programs as child processes of ours, never through a shell. They end with us, whatever ends us."""

    def run(
        self,
        *argv: str,
        timeout_s: float = 60.0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> CommandResult:
        supervise()
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                cwd=cwd,
                env={**os.environ, **(env or {})},
                # A Ctrl-C is for us: what we run, clean-up above all, ends when we say so.
                start_new_session=True,
            )
        except FileNotFoundError as missing:
            raise CommandFailed(argv, 127, "", f"{argv[0]}: not found") from missing
        except OSError as refused:
            raise CommandFailed(argv, 126, "", f"{argv[0]}: cannot be executed: {refused.strerror}") from refused
        with process:
            try:
                stdout, stderr = process.communicate(stdin, timeout_s)
            except subprocess.TimeoutExpired as late:
                _end(process)
                raise CommandFailed(argv, None, *_last_words(process)) from late
            except BaseException:
                _end(process)
                raise
        if process.returncode != 0:
            raise CommandFailed(argv, process.returncode, stdout, stderr)
        return CommandResult(stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and whatever it has started: its session, and all descendants."""
    HostProcesses().end(lambda seen: process.pid in (seen.pid, seen.session))


def _last_words(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process that was ended has written to stdout and stderr."""
    try:
        return process.communicate(timeout=LAST_WORDS_S)
    except subprocess.TimeoutExpired as held:
        # A process that could not be found still holds the pipes.
        return _text(held.stdout), _text(held.stderr)


def _text(output: bytes | str | None) -> str:
    if output is None:
        return ""
    return output.decode(errors="replace") if isinstance(output, bytes) else output
