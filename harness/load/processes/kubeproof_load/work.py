"""The work of users: a plan's arrivals, each of which is sent as one request and recorded in its tally."""

import time
from threading import Condition

from kubeproof_load.request_kinds import EachTargets
from kubeproof_load.tallies import Blocks


class Work:
    """The current work of users: the schedule of one plan, its tallies and its request kind."""

    def __init__(self, schedule, kind, detail, timeout_s, send):
        self.schedule = schedule
        self.timeout_s = timeout_s
        self.missed = 0
        self.blocks = Blocks(schedule.planned(), send)
        self._kind, self._detail = kind, detail

    def new_request(self):
        return EachTargets(self._kind, self._detail)

    def take(self):
        """Return the next arrival, or None after the last one; count those missed before it as over."""
        arrival, missed = self.schedule.take()
        for block, number in missed.items():
            self.missed += number
            self.blocks.end(block, number)
        return arrival


class WorkQueue:
    """The queue from which users take arrivals; it is empty at first and between two plans."""

    def __init__(self):
        self._work = None
        self._changed = Condition()

    def put(self, work):
        with self._changed:
            self._work = work
            self._changed.notify_all()

    def take(self):
        """Wait for an arrival; return it and the work that it belongs to."""
        with self._changed:
            while True:
                arrival = None if self._work is None else self._work.take()
                if arrival is not None:
                    return arrival, self._work
                self._changed.wait()


def perform(request_kind, arrival, work):
    """Send one request and record it in its tally; return its duration in seconds, and the failure or None."""
    tally, begin_s = work.blocks.tally(arrival), time.monotonic()
    work.schedule.started(arrival, begin_s)
    try:
        done = request_kind.once(arrival.target, work.timeout_s)
    except OSError as failure:
        tally.errors[str(failure)] += 1
        return time.monotonic() - begin_s, failure
    else:
        record(tally, arrival, done)
        return done.end_s - done.start_s, None
    finally:
        work.blocks.end(arrival.block)


def record(tally, arrival, done):
    """Add a completed request to its tally.

    A connection whose SYN was retransmitted is counted, and in the clock `answered` only, because its duration is that
    of the retransmission timer.
    """
    if done.retransmitted:
        tally.retransmitted += 1
        tally.add("answered", done.end_s - done.start_s)
        return
    if done.kernel_s is not None:
        tally.add("kernel", done.kernel_s)
        tally.add("answered", done.kernel_s)
    tally.add("wall", done.end_s - done.start_s)
    tally.add("corrected", done.end_s - arrival.intended_s)
