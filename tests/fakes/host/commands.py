"""Fakes of `Commands`: the base of all of them, and one with scripted results, which records all commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from clusters.errors import CommandFailed
from clusters.host.command import CommandResult
from tests.fakes.host.script import scripted

Answer = str | CommandFailed | Callable[[tuple[str, ...]], str]


class AnsweringCommands:
    """A `Commands` that starts no program. Subclasses compute the answers."""

    def run(
        self,
        *argv: str,
        timeout_s: float = 60.0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> CommandResult:
        return CommandResult(self._answer(argv, stdin, timeout_s), "")

    def _answer(self, argv: tuple[str, ...], stdin: str | None, timeout_s: float) -> str:
        """Return the program's output. Raises `CommandFailed`."""
        raise NotImplementedError


class ScriptedCommands(AnsweringCommands):
    """A `Commands` with a script that maps the beginnings of commands to results.

    The longest matching beginning is used. A command that matches none fails with exit code 127.
    """

    def __init__(self, script: Mapping[str, Answer]) -> None:
        self.script = dict(script)
        self.calls: list[tuple[tuple[str, ...], str | None]] = []
        """All commands, each with its standard input."""
        self.timeouts_s: list[float] = []
        """The time limits of all commands, in seconds."""

    def _answer(self, argv: tuple[str, ...], stdin: str | None, timeout_s: float) -> str:
        self.calls.append((argv, stdin))
        self.timeouts_s.append(timeout_s)
        answer = scripted(self.script, " ".join(argv))
        if answer is None:
            raise CommandFailed(argv, 127, "", f"{argv[0]}: not found")
        if isinstance(answer, CommandFailed):
            raise answer
        return answer(argv) if callable(answer) else answer

    @property
    def asked(self) -> list[tuple[str, ...]]:
        """Return all commands without their standard input."""
        return [argv for argv, _ in self.calls]

    def asked_for(self, beginning: str) -> list[str]:
        """Return the commands with this beginning, in order, each as one line."""
        return [line for line in (" ".join(argv) for argv in self.asked) if line.startswith(beginning)]


def failing(line: str, stderr: str, exit_code: int = 1) -> CommandFailed:
    """Return the error of a failed command `line`."""
    return CommandFailed(tuple(line.split()), exit_code, "", stderr)
