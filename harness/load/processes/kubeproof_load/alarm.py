"""Wait until a moment to within some microseconds while other users run.

gevent's own sleep ends up to a millisecond late, because its event loop passes whole milliseconds to epoll. A timer
file descriptor (timerfd_create(2)) becomes readable when it expires and wakes the loop as a packet does. Python has
os.timerfd_create only from 3.13 on, so this module calls the C library.
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
    """The timer of one user."""

    def __init__(self):
        self._file = _checked(LIBC.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))

    def wait_until(self, moment_s):
        """Wait until time.monotonic() reaches `moment_s`; return at once if it already has."""
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
