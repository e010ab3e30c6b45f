"""One thing while another is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Made = TypeVar("Made")


@contextmanager
def beside(work: Callable[[], Made]) -> Iterator[Future[Made]]:
    """`work` goes on in a thread of its own; the block's end waits for it, but not if the block has failed or was
    interrupted: then its result is nobody's any more."""
    thread = ThreadPoolExecutor(1)
    try:
        yield thread.submit(work)
    except BaseException:
        thread.shutdown(wait=False)
        raise
    thread.shutdown()
