"""How a command of ours ends before its time: SIGTERM is as good as Ctrl-C, and clean-up is not to be cut short."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)


def sigterm_as_interrupt() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does: with clean-up. In the main thread only."""
    signal.signal(signal.SIGTERM, _as_interrupt)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends what runs in the block; a second one is not to cut short what cleans up there.

    In the main thread only.
    """

    def once(number: int, frame: FrameType | None) -> None:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        _as_interrupt(number, frame)

    with _handled_by(once):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A second Ctrl-C or SIGTERM must not leave a cluster behind half removed."""
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
