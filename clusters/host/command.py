"""Programs on this host: the protocol `Commands`, which tests replace, and its implementation."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clusters.errors import CommandFailed
from clusters.host.processes import HostProcesses
from clusters.host.supervisor import supervise

DRAIN_S = 5.0
"""How long to wait for the remaining output of a process that was ended."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The output of a program that ended with exit code 0."""

    stdout: str
    stderr: str


class Commands(Protocol):
    """A runner of programs on this host."""

    def run(
        self,
        *argv: str,
        timeout_s: float = 60.0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> CommandResult:
        """Run a program and wait until it ends. `env` is added to this process's environment.

        Raises `CommandFailed` if its exit code is not 0, if it cannot be started or if it exceeds `timeout_s`.
        """


class HostCommands:
    """A runner that starts programs as child processes, without a shell.

    The programs end when this process ends, even if it is killed.
    """

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()

    def end_running(self) -> None:
        """End the programs that other threads have started and wait for."""
        for process in tuple(self._running):
            _end(process)

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
                # Ctrl-C must reach this process only. It decides when its children end, so that clean-up can finish.
                start_new_session=True,
            )
        except FileNotFoundError as missing:
            raise CommandFailed(argv, 127, "", f"{argv[0]}: not found") from missing
        except OSError as refused:
            raise CommandFailed(argv, 126, "", f"{argv[0]}: cannot be executed: {refused.strerror}") from refused
        self._running.add(process)
        with process:
            try:
                stdout, stderr = process.communicate(stdin, timeout_s)
            except subprocess.TimeoutExpired as late:
                _end(process)
                raise CommandFailed(argv, None, *_remaining_output(process)) from late
            except BaseException:
                _end(process)
                raise
            finally:
                self._running.discard(process)
        if process.returncode != 0:
            raise CommandFailed(argv, process.returncode, stdout, stderr)
        return CommandResult(stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    """End the process, the other processes of its session, and all descendants."""
    HostProcesses().end(lambda seen: process.pid in (seen.pid, seen.session))


def _remaining_output(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what an ended process has written to stdout and stderr."""
    try:
        return process.communicate(timeout=DRAIN_S)
    except subprocess.TimeoutExpired as late:
        # A descendant that was not found keeps the pipes open.
        return _text(late.stdout), _text(late.stderr)


def _text(output: bytes | str | None) -> str:
    if output is None:
        return ""
    return output.decode(errors="replace") if isinstance(output, bytes) else output
