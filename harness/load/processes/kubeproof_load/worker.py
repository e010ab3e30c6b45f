"""A worker: takes its parts of plans from the master, and sends what came of each block of time as soon as it is over.

Usage: python3 -m kubeproof_load.worker <master's address> <its port>
"""

import resource
import subprocess
import sys
import time
from contextlib import contextmanager

from locust.env import Environment

from kubeproof_load.arrivals import Schedule, Target
from kubeproof_load.users import user_of
from kubeproof_load.work import Desk, Work

BEGIN_IN_S = 0.5
"""Until the first arrival of a plan, so that users are waiting for it."""

LOOK_EVERY_S = 0.05


class Worker:
    """Works off one plan after the other."""

    def __init__(self, runner, work_queue, echo_port):
        self._runner = runner
        self._work_queue = work_queue
        self._echo = Target("baseline", "127.0.0.1", echo_port)

    def on_plan(self, environment, msg, **_):
        """The generator's floor first or among the targets, and the plan; what came of it follows the last block."""
        plan = msg.data
        targets = [Target(**target) for target in plan["targets"]]
        if plan["baseline_among_targets"]:
            targets.append(self._echo)
        before = resource.getrusage(resource.RUSAGE_SELF)
        works = [self._perform(plan, [self._echo], plan["baseline_s"], "baseline")] if plan["baseline_s"] else []
        began_s = time.time() + BEGIN_IN_S + plan["offset_s"]
        self._send("began", plan)
        works.append(self._perform(plan, targets, plan["duration_s"], "block"))
        after = resource.getrusage(resource.RUSAGE_SELF)
        self._send(
            "done",
            plan,
            planned=sum(work.schedule.count for work in works),
            missed=sum(work.missed for work in works),
            late=sum(work.schedule.late for work in works),
            cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            wall_s=plan["baseline_s"] + plan["duration_s"],
            began_s=began_s,
        )

    def _perform(self, plan, targets, duration_s, word):
        schedule = Schedule(
            targets,
            plan["rate_per_s"],
            duration_s,
            plan["block_s"],
            plan["seed"],
            time.monotonic() + BEGIN_IN_S + plan["offset_s"],
        )
        work = Work(
            schedule,
            plan["request_kind"],
            plan["detail"],
            plan["timeout_s"],
            lambda block, tallies: self._send(word, plan, number=block, tallies=tallies),
        )
        self._work_queue.put(work)
        while not work.blocks.over():
            time.sleep(LOOK_EVERY_S)  # users work meanwhile, and each exchange has its own time limit
        return work

    def _send(self, word, plan, **what):
        self._runner.send_message(word, {"plan": plan["number"], **what})


@contextmanager
def echo():
    """The port of an echo server of our own."""
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


def main():
    address, port = sys.argv[1:]
    work_queue = Desk()
    environment = Environment(user_classes=[user_of(work_queue)])
    with echo() as echo_port:
        runner = environment.create_worker_runner(address, int(port))
        worker = Worker(runner, work_queue, echo_port)
        # Concurrent: heartbeats are answered while a plan is worked off.
        runner.register_message("plan", worker.on_plan, concurrent=True)
        runner.greenlet.join()


if __name__ == "__main__":
    main()
