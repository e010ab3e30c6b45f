"""A fake of testcontainers' containers. The results of the programs in it are scripted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Self

from tests.fakes.host.script import scripted

Answer = str | tuple[int, str] | Exception
"""A program's output; or its exit code and what it writes to stderr; or the error with which the engine fails."""


class FakeContainer:
    """A container that accepts all settings.

    `answers` maps the beginnings of commands to results. The longest matching one is used; other programs print nothing.
    """

    def __init__(self, answers: Mapping[str, Answer], start: Exception | None = None) -> None:
        self.answers = dict(answers)
        self.ran: list[str] = []
        self.stopped = False
        self.ports: dict[str, object] = {}
        self._start = start

    @property
    def made(self) -> Callable[[str], Any]:
        """Return a factory that returns this container for every image."""
        return lambda image: self

    def with_kwargs(self, **settings: object) -> Self:
        return self

    def with_command(self, command: str) -> Self:
        return self

    def start(self) -> None:
        if self._start is not None:
            raise self._start

    def stop(self) -> None:
        self.stopped = True

    def get_wrapped_container(self) -> Self:
        return self

    def exec_run(self, argv: list[str], *, demux: bool) -> SimpleNamespace:
        assert demux, "without demux both streams are merged"
        command = " ".join(argv)
        self.ran.append(command)
        answer = scripted(self.answers, command) or ""
        if isinstance(answer, Exception):
            raise answer
        exit_code, stdout, stderr = (0, answer, "") if isinstance(answer, str) else (answer[0], "", answer[1])
        return SimpleNamespace(exit_code=exit_code, output=(stdout.encode() or None, stderr.encode() or None))
