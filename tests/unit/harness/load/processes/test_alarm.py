"""The alarm under gevent, in a process of its own: users must not wake up before their moments."""

import os
import subprocess
import sys

from harness.load.master import PROCESSES

PROGRAM = """
from gevent import monkey
monkey.patch_all()
import gevent, time
from kubeproof_load.alarm import Alarm

late = []
def user(number):
    alarm = Alarm()
    for round_ in range(20):
        moment = start + round_ * 0.01 + number * 0.0013
        alarm.wait_until(moment)
        late.append(time.monotonic() - moment)
    alarm.wait_until(time.monotonic() - 1)
    alarm.close()

start = time.monotonic() + 0.05
gevent.joinall([gevent.spawn(user, number) for number in range(4)], raise_error=True)
print(min(late) >= 0, len(late))
"""


def test_users_wait_concurrently_and_never_wake_up_too_early():
    environment = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    argv = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["True", "80"]
