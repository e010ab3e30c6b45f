"""The master: reads plans from standard input and prints results to standard output, one JSON line each.

Usage: python3 -m kubeproof_load.master <address to listen on> <number of workers>

The first line of output is the port on which it accepts workers. For each plan, one line reports that the load has
started and the next one is the result. Between plans, users stay and wait for arrivals.
"""

import json
import sys
import time
from contextlib import redirect_stdout

import gevent
from gevent.fileobject import FileObject
from gevent.queue import Empty, Queue
from locust.env import Environment

from kubeproof_load.users import user_of
from kubeproof_load.work import WorkQueue

USERS_PER_WORKER = 64
SPAWN_RATE = 64
WORKERS_DEADLINE_S = 60.0
"""How long workers may take to connect and start their users."""

END_ALLOWANCE_S = 20.0
"""How much longer than planned a plan may last."""

POLL_EVERY_S = 0.1
BEGUN = {"begun": True}


class Master:
    """Sends plans to all connected workers and collects their messages."""

    def __init__(self, runner, workers):
        self._runner = runner
        self._expected = workers
        self._messages = Queue()
        for kind in ("began", "baseline", "block", "done"):
            runner.register_message(kind, self._on_message)

    def _on_message(self, environment, msg, **_):
        self._messages.put((msg.type, msg.node_id, msg.data))

    def perform(self, plan, begun):
        """Run one plan and return its result; only a `complaint` if workers are missing.

        Call `begun` when all workers have started the load, after the baseline that precedes it.
        """
        if not self._wait_workers():
            connected = len(self._workers())
            return {
                "complaint": f"{connected} of {self._expected} Locust workers were connected after "
                f"{WORKERS_DEADLINE_S:.0f} s"
            }
        workers = self._workers()
        for number, worker in enumerate(workers):
            self._runner.send_message("plan", part_of(plan, number, len(workers)), worker)
        return self._result(plan, workers, begun)

    def _result(self, plan, workers, begun):
        """Return all blocks and each worker's totals; a worker that is lost or does not end in time has no totals."""
        result = {"baseline": [], "block": [], "done": []}
        deadline_s = time.monotonic() + plan["baseline_s"] + plan["duration_s"] + plan["timeout_s"] + END_ALLOWANCE_S
        open_, waiting = set(workers), set(workers)
        while open_ and time.monotonic() < deadline_s:
            try:
                kind, worker, message = self._messages.get(timeout=POLL_EVERY_S)
            except Empty:
                open_ &= set(self._workers())
                continue
            if message.pop("plan") != plan["number"]:
                continue  # from an earlier plan that ran out of time
            if kind == "began":
                waiting.discard(worker)
                if not waiting:
                    begun()
                continue
            result[kind].append(message)
            if kind == "done":
                open_.discard(worker)
        return {**result, "lost": len(workers) - len(result["done"])}

    def _wait_workers(self):
        """Wait until all workers are connected and their users run; return whether they are in time."""
        deadline_s = time.monotonic() + WORKERS_DEADLINE_S
        while time.monotonic() < deadline_s:
            connected = len(self._workers())
            if connected >= self._expected and self._runner.user_count == connected * USERS_PER_WORKER:
                return True
            if connected >= self._expected:
                self._runner.start(connected * USERS_PER_WORKER, SPAWN_RATE * connected)
            gevent.sleep(POLL_EVERY_S)  # lets Locust's own greenlets handle messages
        return False

    def _workers(self):
        clients = self._runner.clients
        return [client.id for client in (*clients.ready, *clients.spawning, *clients.running)]


def part_of(plan, number, workers):
    """Return one worker's part of a plan: its share of the rate, and an offset that interleaves the arrivals."""
    share = {"rate_per_s": plan["rate_per_s"] / workers, "seed": plan["seed"] * 1000 + number}
    return {**plan, **share, "offset_s": number / plan["rate_per_s"], "worker": number}


def main():
    address, workers = sys.argv[1:]
    output = sys.stdout
    with redirect_stdout(sys.stderr):  # keeps what Locust prints out of the messages
        runner = Environment(user_classes=[user_of(WorkQueue())]).create_master_runner(address, 0)
        send(output, {"port": runner.server.port})
        master = Master(runner, int(workers))
        for line in FileObject(sys.stdin.buffer):
            send(output, master.perform(json.loads(line), lambda: send(output, BEGUN)))
        runner.quit()


def send(output, message):
    print(json.dumps(message), file=output, flush=True)


if __name__ == "__main__":
    main()
