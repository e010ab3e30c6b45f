"""Keep the calling thread on one processor, so that what the kernel does for it happens there as well.

The kernel answers a worker's SYN in the softirq of the processor that sent it. A worker that moves between processors
finds cold caches, and its latencies are those of different processors by turns.
"""

import os
from contextlib import contextmanager


@contextmanager
def on_one_processor(number):
    """Stay on one of the processors that this thread may use: the last for 0, the one before it for 1, and so on.

    The first processors come last, because hosts handle most interrupts there.
    """
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {chosen(usable, number)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def chosen(usable, number):
    """Return the processor of worker `number`; workers share one only if there are more workers than processors."""
    return sorted(usable, reverse=True)[number % len(usable)]
