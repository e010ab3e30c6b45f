"""Run a function in the background while a block runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def in_background(work: Callable[[], Result]) -> Iterator[Future[Result]]:
    """Run `work` in a thread while the block runs; yield its future.

    The end of the block waits for `work`. If the block raises or is interrupted, do not wait and discard the result.
    """
    thread = ThreadPoolExecutor(1)
    try:
        yield thread.submit(work)
    except BaseException:
        thread.shutdown(wait=False)
        raise
    thread.shutdown()
