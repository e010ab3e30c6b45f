"""What users do at present: a plan's arrivals, each performed as one exchange and noted in its tally."""

import time
from threading import Condition

from kubeproof_load.exchanges import request_kind_of
from kubeproof_load.tallies import Blocks


class Work:
    """What users do at present: one plan's schedule, its tallies and its kind of exchange."""

    def __init__(self, schedule, kind, detail, timeout_s, give):
        self.schedule = schedule
        self.timeout_s = timeout_s
        self.missed = 0
        self.blocks = Blocks(schedule.planned(), give)
        self._kind, self._detail = kind, detail

    def new_request(self):
        return request_kind_of(self._kind, self._detail)

    def take(self):
        """The next arrival; what was missed before it is counted out of its block."""
        arrival, missed = self.schedule.take()
        for block, number in missed.items():
            self.missed += number
            self.blocks.end(block, number)
        return arrival


class Desk:
    """Where users get their work; there is none at first, and none between two plans."""

    def __init__(self):
        self._work = None
        self._changed = Condition()

    def put(self, work):
        with self._changed:
            self._work = work
            self._changed.notify_all()

    def take(self):
        """An arrival and the work that it belongs to; waits for one."""
        with self._changed:
            while True:
                arrival = None if self._work is None else self._work.take()
                if arrival is not None:
                    return arrival, self._work
                self._changed.wait()


def perform(request_kind, arrival, work):
    """One exchange, noted in its tally; its seconds, and what failed."""
    tally, begin_s = work.blocks.tally(arrival), time.monotonic()
    work.schedule.started(arrival, begin_s)
    try:
        done = request_kind.once(arrival.target, work.timeout_s)
    except OSError as failure:
        tally.errors[str(failure)] += 1
        return time.monotonic() - begin_s, failure
    else:
        note(tally, arrival, done)
        return done.end_s - done.start_s, None
    finally:
        work.blocks.end(arrival.block)


def note(tally, arrival, done):
    """A retransmitted SYN is counted, not averaged: its time is the retransmission timer's."""
    if done.retransmitted:
        tally.retransmitted += 1
        return
    if done.kernel_s is not None:
        tally.add("kernel", done.kernel_s)
    tally.add("wall", done.end_s - done.start_s)
    tally.add("corrected", done.end_s - arrival.intended_s)
