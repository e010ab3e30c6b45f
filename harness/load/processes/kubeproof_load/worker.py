"""A worker: runs its parts of plans for the master, and sends the results of each block of time as soon as it is over.

Usage: python3 -m kubeproof_load.worker <master's address> <its port>
"""

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext

from locust.env import Environment

from kubeproof_load.arrivals import Schedule, Target
from kubeproof_load.processors import on_one_processor
from kubeproof_load.source_ports import local_ports, separated
from kubeproof_load.users import user_of
from kubeproof_load.work import Work, WorkQueue

BEGIN_IN_S = 0.5
"""The time before the first arrival of a plan, in which users start to wait for it."""

POLL_EVERY_S = 0.05


class Worker:
    """Runs one plan after the other."""

    def __init__(self, runner, work_queue, echo_port):
        self._runner = runner
        self._work_queue = work_queue
        self._echo = Target("baseline", "127.0.0.1", echo_port)
        self._usable = os.sched_getaffinity(0)

    def on_plan(self, environment, msg, **_):
        """Run a plan and send its totals; measure the baseline before the load."""
        plan = msg.data
        targets = [Target(**target) for target in plan["targets"]]
        if plan["separate_source_ports"]:
            targets = separated(targets, local_ports())
        before = resource.getrusage(resource.RUSAGE_SELF)
        works = [self._perform(plan, [self._echo], plan["baseline_s"], "baseline")] if plan["baseline_s"] else []
        with on_one_processor(self._usable, plan["worker"]) if plan["pinned"] else nullcontext():
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
            lateness=works[-1].schedule.lateness.encode().decode(),
            cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            wall_s=plan["baseline_s"] + plan["duration_s"],
            began_s=began_s,
        )

    def _perform(self, plan, targets, duration_s, kind):
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
            lambda block, tallies: self._send(kind, plan, number=block, tallies=tallies),
        )
        self._work_queue.put(work)
        while not work.blocks.over():
            time.sleep(POLL_EVERY_S)  # users run at the same time; every request has a timeout, so this ends
        return work

    def _send(self, kind, plan, **fields):
        self._runner.send_message(kind, {"plan": plan["number"], **fields})


@contextmanager
def echo():
    """Run the echo server in a process while the block runs; yield its port."""
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


def main():
    address, port = sys.argv[1:]
    work_queue = WorkQueue()
    environment = Environment(user_classes=[user_of(work_queue)])
    with echo() as echo_port:
        runner = environment.create_worker_runner(address, int(port))
        worker = Worker(runner, work_queue, echo_port)
        # Concurrent, so that heartbeats are answered while a plan runs.
        runner.register_message("plan", worker.on_plan, concurrent=True)
        runner.greenlet.join()


if __name__ == "__main__":
    main()
