"""How a case failed: the kind of the error, its message, and the lines of its traceback."""

from __future__ import annotations

import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from harness.errors import ConditionNotMet


class FailureKind(StrEnum):
    """The kind of an error: a failed `assert`, a wait whose condition was not met, or any other error."""

    ASSERTION = "assertion"
    WAIT = "wait"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the traceback; `file` is relative to the repository, or absolute outside it."""

    file: str
    line: int

    @property
    def is_ours(self) -> bool:
        """Return whether the file belongs to the repository.

        Hidden folders do not count, because virtual environments may be in them.
        """
        return not self.file.startswith(("/", ".", "<"))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that ended a phase (setup, call or teardown) of a case; the last of `frames` is the line that raised it."""

    kind: FailureKind
    error: str
    message: str
    frames: tuple[Frame, ...]

    @classmethod
    def of(cls, error: BaseException, root: Path) -> Self:
        """Describe `error`, with file names relative to the repository at `root`."""
        frames = (
            Frame(_relative(found.f_code.co_filename, root), line)
            for found, line in traceback.walk_tb(error.__traceback__)
        )
        return cls(_kind_of(error), type(error).__name__, str(error).strip(), tuple(frames))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, doc: dict[str, Any]) -> Self:
        frames = tuple(Frame(**frame) for frame in doc["frames"])
        return cls(FailureKind(doc["kind"]), doc["error"], doc["message"], frames)

    def __str__(self) -> str:
        """Return one line: the path from the case to the line that raised it, and the first line of its message."""
        path = " > ".join(str(frame) for frame in self.frames if frame.is_ours)
        return f"{self.error} at {path or 'a place outside the repository'}: {self.message.partition(chr(10))[0]}"


def _kind_of(error: BaseException) -> FailureKind:
    if isinstance(error, ConditionNotMet):
        return FailureKind.WAIT
    return FailureKind.ASSERTION if isinstance(error, AssertionError) else FailureKind.ERROR


def _relative(file: str, root: Path) -> str:
    path, root = Path(file).resolve(), root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file
