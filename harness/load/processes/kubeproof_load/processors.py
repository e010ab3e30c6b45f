"""Keep the calling thread on one processor, so that what the kernel does for it happens there as well.

A worker that moves between processors finds cold caches, and its latencies are those of different processors by turns.
Where the server's node has the same kernel (substrate `host`), the SYN is also answered in the softirq of the processor
that sent it.
"""

import os
from contextlib import contextmanager


@contextmanager
def on_one_processor(usable, number):
    """Stay on one of the `usable` processors: the last for 0, the one before it for 1, and so on; then use all again.

    The first processors come last, because hosts handle most interrupts there. Blocks may overlap: a plan may still run
    when the next one starts, in the same thread.
    """
    os.sched_setaffinity(0, {chosen(usable, number)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def chosen(usable, number):
    """Return the processor of worker `number`; workers share one only if there are more workers than processors."""
    return sorted(usable, reverse=True)[number % len(usable)]
