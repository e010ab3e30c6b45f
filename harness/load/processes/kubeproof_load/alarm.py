"""Waiting for a moment to within some microseconds, while other users work.

gevent's own sleep ends up to a millisecond late, because the loop below it hands whole milliseconds to epoll. A timer
that is a file (timerfd_create(2)) becomes readable at its moment, and wakes the loop as a packet would. Python has it
from 3.13 on (os.timerfd_create), so it is asked of the C library.
"""

import ctypes
import os
import time

from gevent.socket import wait_read

CLOCK_MONOTONIC = 1  # the clock of time.monotonic
TFD_NONBLOCK, TFD_CLOEXEC, TFD_TIMER_ABSTIME = 0o4000, 0o2000000, 1
LIBC = ctypes.CDLL(None, use_errno=True)


class TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class TimerSpec(ctypes.Structure):
    _fields_ = (("interval", TimeSpec), ("value", TimeSpec))


class Alarm:
    """One user's timer."""

    def __init__(self):
        self._file = _checked(LIBC.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))

    def wait_until(self, moment_s):
        """Return at that moment of time.monotonic(), or at once if it has passed."""
        if moment_s <= time.monotonic():
            return
        seconds, fraction = divmod(moment_s, 1)
        timer = TimerSpec(TimeSpec(0, 0), TimeSpec(int(seconds), int(fraction * 1e9)))
        _checked(LIBC.timerfd_settime(self._file, TFD_TIMER_ABSTIME, ctypes.byref(timer), None))
        wait_read(self._file)

    def close(self):
        os.close(self._file)


def _checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
