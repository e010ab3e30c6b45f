"""The base class of changes that are undone at the end of a block."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self


class ReversibleChanges:
    """Changes that are undone at the end of the block, the last one first, each even if undoing another one fails.

    A subclass registers how to undo a change in `_undo` before it makes the change, so that a change that fails halfway
    is undone, too. The error of the change that failed to be undone is raised at the end of the block.
    """

    def __init__(self) -> None:
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()
