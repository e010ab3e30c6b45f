"""Running programs: a seam (`Commands`) that tests replace, and the real thing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clusters.errors import CommandFailed


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
    """Programs as child processes of ours, never through a shell."""

    def run(
        self,
        *argv: str,
        timeout_s: float = 60.0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> CommandResult:
        try:
            done = subprocess.run(
                argv,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                check=False,
                # A Ctrl-C is for us: what we run, clean-up above all, ends when we say so.
                start_new_session=True,
            )
        except FileNotFoundError as missing:
            raise CommandFailed(argv, 127, "", f"{argv[0]}: not found") from missing
        except OSError as refused:
            raise CommandFailed(argv, 126, "", f"{argv[0]}: cannot be executed: {refused.strerror}") from refused
        except subprocess.TimeoutExpired as late:
            raise CommandFailed(argv, None, _text(late.stdout), _text(late.stderr)) from late
        if done.returncode != 0:
            raise CommandFailed(argv, done.returncode, done.stdout, done.stderr)
        return CommandResult(done.stdout, done.stderr)


def _text(output: bytes | str | None) -> str:
    if output is None:
        return ""
    return output.decode(errors="replace") if isinstance(output, bytes) else output
