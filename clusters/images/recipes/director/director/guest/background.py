"""A long-running program that runs in the background; its reply is sent when it has ended."""

from __future__ import annotations

import os
import subprocess
from typing import IO

from director.frames import Message


class BackgroundProgram:
    """A child process under `timeout`. `ended` is a file descriptor that is readable when the process has ended."""

    def __init__(self, argv: tuple[str, ...], timeout_s: float) -> None:
        self._stdout, self._stderr = _file("stdout"), _file("stderr")
        self._child = subprocess.Popen(
            ("timeout", str(timeout_s), *argv), stdin=subprocess.DEVNULL, stdout=self._stdout, stderr=self._stderr
        )
        self.ended = os.pidfd_open(self._child.pid)

    def reap(self) -> Message:
        """Return `exit_code`, `stdout` and `stderr` of the ended process."""
        os.close(self.ended)
        return {"exit_code": self._child.wait(), "stdout": _read(self._stdout), "stderr": _read(self._stderr)}


def _file(name: str) -> IO[bytes]:
    return os.fdopen(os.memfd_create(name), "w+b")


def _read(file: IO[bytes]) -> str:
    with file:
        file.seek(0)
        return file.read().decode(errors="replace")
