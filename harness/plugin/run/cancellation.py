"""Cancellation: SIGTERM has the effect of Ctrl-C, and clean-up is not interrupted."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)


def sigterm_as_interrupt() -> None:
    """Let SIGTERM end this process as Ctrl-C does, with clean-up. Main thread only."""
    signal.signal(signal.SIGTERM, _as_interrupt)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the block, and ignore further ones so that clean-up completes.

    Main thread only.
    """

    def once(number: int, frame: FrameType | None) -> None:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        _as_interrupt(number, frame)

    with _handled_by(once):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM in the block, so that a cluster is not left half removed."""
    with _handled_by(signal.SIG_IGN):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    kept = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, earlier in kept.items():
            signal.signal(number, earlier)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
