"""The master: plans come in on standard input, one JSON line each; what came of each goes out on standard output.

Usage: python3 -m kubeproof_load.master <address to listen on> <number of workers>

The first line out tells the port on which workers find it; of each plan one line tells that it has begun, and the next
what came of it. Between plans users stay, and wait for arrivals.
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
from kubeproof_load.work import Desk

USERS_OF_EACH = 64
SPAWN_RATE = 64
GATHERING_S = 60.0
"""How long workers may take to arrive."""

END_ALLOWANCE_S = 20.0
"""How much longer than planned a plan may last."""

LOOK_EVERY_S = 0.1
BEGUN = {"begun": True}


class Master:
    """Hands out plans to all workers that are there and gathers what they send."""

    def __init__(self, runner, workers):
        self._runner = runner
        self._wanted = workers
        self._told = Queue()
        for word in ("began", "baseline", "block", "done"):
            runner.register_message(word, self._on_message)

    def _on_message(self, environment, msg, **_):
        self._told.put((msg.type, msg.node_id, msg.data))

    def perform(self, plan, begun):
        """What came of one plan; `complaint` alone if there are no workers for it. `begun` is called when all of them
        have taken it up, their floor behind them."""
        if not self._gather():
            there = len(self._workers())
            return {"complaint": f"{there} of {self._wanted} Locust workers were there after {GATHERING_S:.0f} s"}
        workers = self._workers()
        for number, worker in enumerate(workers):
            self._runner.send_message("plan", part_of(plan, number, len(workers)), worker)
        return self._outcome(plan, workers, begun)

    def _outcome(self, plan, workers, begun):
        """All blocks, and each worker's own account; who went missing or did not end in time has none."""
        outcome = {"baseline": [], "block": [], "done": []}
        deadline_s = time.monotonic() + plan["baseline_s"] + plan["duration_s"] + plan["timeout_s"] + END_ALLOWANCE_S
        open_, waiting = set(workers), set(workers)
        while open_ and time.monotonic() < deadline_s:
            try:
                word, worker, what = self._told.get(timeout=LOOK_EVERY_S)
            except Empty:
                open_ &= set(self._workers())
                continue
            if what.pop("plan") != plan["number"]:
                continue  # from a plan that was given up
            if word == "began":
                waiting.discard(worker)
                if not waiting:
                    begun()
                continue
            outcome[word].append(what)
            if word == "done":
                open_.discard(worker)
        return {**outcome, "lost": len(workers) - len(outcome["done"])}

    def _gather(self):
        """Wait for all workers, with their users at work."""
        deadline_s = time.monotonic() + GATHERING_S
        while time.monotonic() < deadline_s:
            there = len(self._workers())
            if there >= self._wanted and self._runner.user_count == there * USERS_OF_EACH:
                return True
            if there >= self._wanted:
                self._runner.start(there * USERS_OF_EACH, SPAWN_RATE * there)
            gevent.sleep(LOOK_EVERY_S)  # Locust listens meanwhile
        return False

    def _workers(self):
        clients = self._runner.clients
        return [client.id for client in (*clients.ready, *clients.spawning, *clients.running)]


def part_of(plan, number, workers):
    """One worker's share of a plan: of the rate, and of the distance between two arrivals."""
    share = {"rate_per_s": plan["rate_per_s"] / workers, "seed": plan["seed"] * 1000 + number}
    return {**plan, **share, "offset_s": number / plan["rate_per_s"]}


def main():
    address, workers = sys.argv[1:]
    told = sys.stdout
    with redirect_stdout(sys.stderr):  # Locust itself prints now and then
        runner = Environment(user_classes=[user_of(Desk())]).create_master_runner(address, 0)
        say(told, {"port": runner.server.port})
        master = Master(runner, int(workers))
        for line in FileObject(sys.stdin.buffer):
            say(told, master.perform(json.loads(line), lambda: say(told, BEGUN)))
        runner.quit()


def say(told, what):
    print(json.dumps(what), file=told, flush=True)


if __name__ == "__main__":
    main()
