"""Runs in a load pod: Locust users that open connections at a fixed rate and ask the kernel how long each took.

First packet latency is SYN sent to SYN-ACK received, the SLI that SIG Scalability defines
(https://git.k8s.io/community/sig-scalability/slos/network_latency.md). After `connect` the kernel itself
holds it, in microseconds, as the first estimate of the round trip: `tcpi_rtt` of TCP_INFO (tcp(7),
include/uapi/linux/tcp.h). Our own scheduling is not in that number; it is in the wall clock around
`connect`, which is recorded beside it, and in the corrected time, counted from when the connection was
*meant* to start.

Arrivals are open: intended starts stand at equal distances whatever the answers do, targets follow in
random order. Reads a plan as JSON from its argument, prints the result as JSON.
"""

import contextlib
import json
import random
import resource
import socket
import struct
import sys
import time
from collections import Counter

import gevent
from gevent.lock import BoundedSemaphore
from hdrh.histogram import HdrHistogram
from locust import User, task
from locust.env import Environment

HIGHEST_US = 60_000_000
DIGITS = 3
TCP_INFO_BYTES = 104
RTT_OFFSET = 68
TOTAL_RETRANS_OFFSET = 100
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CLOCKS = ("kernel", "wall", "corrected")
USERS = 16
"""Users that share the schedule: one that waits for a slow answer does not delay the next arrival."""

LATE_S = 0.005
"""A start later than this counts as late: the generator, not the network, was slow."""


class Block:
    """All connections to one target that were meant to start within one stretch of time."""

    def __init__(self):
        self.histograms = {clock: HdrHistogram(1, HIGHEST_US, DIGITS) for clock in CLOCKS}
        self.errors = Counter()
        self.retransmitted = 0

    def as_json(self):
        encoded = {clock: histogram.encode().decode() for clock, histogram in self.histograms.items()}
        return {**encoded, "errors": dict(self.errors), "retransmitted": self.retransmitted}


class Schedule:
    """Intended starts and their targets, handed out one by one."""

    def __init__(self, plan):
        self.plan = plan
        self.count = int(plan["rate_per_s"] * plan["duration_s"])
        self.blocks = {target["label"]: {} for target in plan["targets"]}
        self.late = 0
        self.sent = 0
        self._targets = self._random_order(plan["seed"])
        self._lock = BoundedSemaphore()
        self.start_s = time.monotonic() + 0.5

    def _random_order(self, seed):
        """Rounds of all targets, each round in an order of its own."""
        order, generator = [], random.Random(seed)
        while len(order) < self.count:
            round_ = list(self.plan["targets"])
            generator.shuffle(round_)
            order += round_
        return order[: self.count]

    def take(self):
        """The next target and its intended start, or None when all have been handed out."""
        with self._lock:
            if self.sent == self.count:
                return None
            number = self.sent
            self.sent += 1
        return self._targets[number], self.start_s + number / self.plan["rate_per_s"]

    def block(self, target, intended_s):
        number = int((intended_s - self.start_s) / self.plan["block_s"])
        return self.blocks[target["label"]].setdefault(number, Block())


def user_of(schedule):
    """A Locust user class that works off the schedule."""

    class FirstPacketUser(User):
        @task
        def connect(self):
            taken = schedule.take()
            if taken is None:
                gevent.sleep(3600)  # nothing left to do: the runner ends us
                return
            target, intended_s = taken
            gevent.sleep(max(0.0, intended_s - time.monotonic()))  # until the intended start
            measure(schedule, target, intended_s, self.environment)

    return FirstPacketUser


def measure(schedule, target, intended_s, environment):
    """One connection: open it, ask the kernel, reset it."""
    block = schedule.block(target, intended_s)
    start_s = time.monotonic()
    if start_s - intended_s > LATE_S:
        schedule.late += 1
    error = None
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(schedule.plan["timeout_s"])
    try:
        connection.connect((target["address"], target["port"]))
        end_s = time.monotonic()
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        record(block, info, start_s, end_s, intended_s)
    except OSError as failure:
        block.errors[str(failure)] += 1
        end_s, error = time.monotonic(), failure
    finally:
        connection.close()
    environment.events.request.fire(
        request_type="TCP",
        name=target["label"],
        response_time=(end_s - start_s) * 1000,
        response_length=0,
        exception=error,
        context={},
    )


def record(block, info, start_s, end_s, intended_s):
    """A retransmitted SYN is counted, not averaged: its time is the retransmission timer's."""
    rtt_us, retransmits = (struct.unpack_from("=I", info, at)[0] for at in (RTT_OFFSET, TOTAL_RETRANS_OFFSET))
    if retransmits or rtt_us == 0:
        block.retransmitted += 1
        return
    block.histograms["kernel"].record_value(rtt_us)
    block.histograms["wall"].record_value(max(1, round((end_s - start_s) * 1e6)))
    block.histograms["corrected"].record_value(max(1, round((end_s - intended_s) * 1e6)))


def run(plan):
    """Work off a plan with a local Locust runner; what came of it."""
    schedule = Schedule(plan)
    before = resource.getrusage(resource.RUSAGE_SELF)
    environment = Environment(user_classes=[user_of(schedule)])
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    limit_s = schedule.start_s + plan["duration_s"] + plan["timeout_s"]
    while time.monotonic() < limit_s and not finished(schedule):
        gevent.sleep(0.05)  # the users work meanwhile
    runner.quit()
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "planned": schedule.count,
        "sent": schedule.sent,
        "late": schedule.late,
        "cpu_share": spent_s / plan["duration_s"],
        "targets": {
            label: [block.as_json() for _, block in sorted(blocks.items())] for label, blocks in schedule.blocks.items()
        },
    }


def finished(schedule):
    done = sum(
        block.histograms["wall"].get_total_count() + block.errors.total() + block.retransmitted
        for blocks in schedule.blocks.values()
        for block in blocks.values()
    )
    return done == schedule.count


def echo_floor(plan):
    """The same user against a listener of its own: what the generator itself costs on this node."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # The kernel completes handshakes by itself; connections that were reset leave its queue.
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        gevent.spawn(accept_all, listener)
        target = {"label": "floor", "address": "127.0.0.1", "port": listener.getsockname()[1]}
        return run({**plan, "targets": [target], "duration_s": plan["floor_s"]})


def accept_all(listener):
    """Take connections off the listener's queue until it is closed."""
    with contextlib.suppress(OSError):  # how a closed listener ends this
        while True:
            listener.accept()[0].close()


def main():
    plan = json.loads(sys.argv[1])
    print(json.dumps({"floor": echo_floor(plan), **run(plan)}))


if __name__ == "__main__":
    main()
