"""A `Commands` that answers from a script and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from clusters.command import CommandResult
from clusters.errors import CommandFailed

Answer = str | CommandFailed | Callable[[tuple[str, ...]], str]


class ScriptedCommands:
    """Answers a command by the longest scripted beginning of it; an unscripted command fails with 127."""

    def __init__(self, script: Mapping[str, Answer]) -> None:
        self.script = dict(script)
        self.calls: list[tuple[tuple[str, ...], str | None]] = []
        """Every command with what it was given to read."""
        self.timeouts_s: list[float] = []
        """How long each command might have taken."""

    def run(
        self,
        *argv: str,
        timeout_s: float = 60.0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> CommandResult:
        self.calls.append((argv, stdin))
        self.timeouts_s.append(timeout_s)
        line = " ".join(argv)
        fitting = [beginning for beginning in self.script if line.startswith(beginning)]
        if not fitting:
            raise CommandFailed(argv, 127, "", f"{argv[0]}: not found")
        answer = self.script[max(fitting, key=len)]
        if isinstance(answer, CommandFailed):
            raise answer
        return CommandResult(answer(argv) if callable(answer) else answer, "")

    @property
    def asked(self) -> list[tuple[str, ...]]:
        """The commands alone."""
        return [argv for argv, _ in self.calls]

    def asked_for(self, beginning: str) -> list[str]:
        """The commands that began like this, in order, as lines."""
        return [line for line in (" ".join(argv) for argv in self.asked) if line.startswith(beginning)]


def failing(line: str, stderr: str, exit_code: int = 1) -> CommandFailed:
    """How `line` fails."""
    return CommandFailed(tuple(line.split()), exit_code, "", stderr)
