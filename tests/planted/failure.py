"""How a case failed: the kind of its error, the error's message, and every line that the error passed."""

from __future__ import annotations

import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from harness.errors import ConditionNotMet


class FailureKind(StrEnum):
    """A failed `assert`, a wait whose condition was not met, or any other error."""

    ASSERTION = "assertion"
    WAIT = "wait"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Frame:
    """A line that was running; `file` is relative to the repository, or absolute outside it."""

    file: str
    line: int

    @property
    def is_ours(self) -> bool:
        """Whether the file is one of the repository's own; virtual environments may lie in its hidden folders."""
        return not self.file.startswith(("/", ".", "<"))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Failure:
    """One error that ended a phase of a case; the last of `frames` is the line that raised it."""

    kind: FailureKind
    error: str
    message: str
    frames: tuple[Frame, ...]

    @classmethod
    def of(cls, error: BaseException, root: Path) -> Self:
        """Describe an error that was raised in the repository at `root`."""
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
        """In one line: where it was raised, from the case inwards, and the first line of its message."""
        path = " > ".join(str(frame) for frame in self.frames if frame.is_ours)
        return f"{self.error} at {path or 'a place outside the repository'}: {self.message.partition(chr(10))[0]}"


def _kind_of(error: BaseException) -> FailureKind:
    if isinstance(error, ConditionNotMet):
        return FailureKind.WAIT
    return FailureKind.ASSERTION if isinstance(error, AssertionError) else FailureKind.ERROR


def _relative(file: str, root: Path) -> str:
    path, root = Path(file).resolve(), root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file
