"""How a command of ours ends before its time: SIGTERM is as good as Ctrl-C, and clean-up is not to be cut short."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def sigterm_as_interrupt() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does: with clean-up. In the main thread only."""
    signal.signal(signal.SIGTERM, _as_interrupt)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends what runs in the block; a second one is not to cut short what cleans up there.

    In the main thread only.
    """

    def once(number: int, frame: FrameType | None) -> None:
        for each in kept:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    kept = {number: signal.signal(number, once) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A second Ctrl-C or SIGTERM must not leave a cluster behind half removed."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
