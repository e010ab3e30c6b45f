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
        self.settings: dict[str, object] = {}
        self._start = start

    @property
    def made(self) -> Callable[[str], Any]:
        """Return a factory that returns this container for every image."""
        return lambda image: self

    def with_kwargs(self, **settings: object) -> Self:
        self.settings = settings
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


class FakeRegistry(FakeContainer):
    """A container with a registry, whose port on this host is `port`; None if it listens on none.

    `inspect` is the error of every call from the start, `failure` that of calls that change or read the container.
    """

    def __init__(
        self, port: str | None, status: str = "running", log: bytes = b"", inspect: Exception | None = None
    ) -> None:
        super().__init__({})
        published = {} if port is None else {"5000/tcp": [{"HostPort": port}]}
        self.attrs = {"NetworkSettings": {"Ports": published}}
        self.status = status
        self.failure: Exception | None = None
        self._log = log
        self._inspect = inspect

    def reload(self) -> None:
        if self._inspect is not None:
            raise self._inspect

    @property
    def image(self) -> SimpleNamespace:
        self._fail()
        return SimpleNamespace(attrs={"Architecture": "amd64"})

    def get_logs(self) -> tuple[bytes, bytes]:
        self._fail()
        return self._log, b""

    def logs(self, *, tail: int) -> bytes:
        return self._log

    def get_archive(self, path: str) -> tuple[list[bytes], dict[str, object]]:
        self._fail()
        return [b""], {}

    def kill(self) -> None:
        self._fail()

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
