"""Measures the requests per CPU second of our Locust users, compared with Locust's own HttpUser and FastHttpUser.

Each kind of user runs in a process of its own and sends requests to the same server on the loopback, on persistent
connections, as fast as it can.

    python benchmarks/users.py [seconds per kind]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from harness.load.master import PROCESSES

SECONDS = 8
USERS = 8
PROGRAM = """
import json, resource, sys, time
from locust import FastHttpUser, HttpUser, User, constant, task
from locust.env import Environment
from kubeproof_load.arrivals import Target
from kubeproof_load.request_kinds import request_kind_of

kind, port, seconds, users = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
base = {"HttpUser": HttpUser, "FastHttpUser": FastHttpUser, "ours": User}[kind]

class Requesting(base):
    host = f"http://127.0.0.1:{port}"
    wait_time = constant(0)

    def on_start(self):
        self.exchange = request_kind_of("http_kept", "/")

    @task
    def send_request(self):
        if kind != "ours":
            self.client.get("/")
            return
        done = self.exchange.once(Target("echo", "127.0.0.1", port), 5.0)
        self.environment.events.request.fire(
            request_type="GET", name="/", response_time=(done.end_s - done.start_s) * 1000, response_length=0,
            exception=None, context={},
        )

environment = Environment(user_classes=[Requesting])
runner = environment.create_local_runner()
runner.start(users, spawn_rate=users)
begin = resource.getrusage(resource.RUSAGE_SELF)
time.sleep(seconds)
end = resource.getrusage(resource.RUSAGE_SELF)
runner.quit()
cpu_s = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
total = environment.stats.total
print(json.dumps({"requests": total.num_requests, "failures": total.num_failures, "cpu_s": cpu_s}))
"""


def measure(kind: str, port: int, seconds: float) -> dict[str, float]:
    """Run one kind of user. Return its number of requests and failures, and its CPU seconds."""
    argv = [sys.executable, "-c", PROGRAM, kind, str(port), str(seconds), str(USERS)]
    environment = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    environment = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for kind in ("HttpUser", "FastHttpUser", "ours"):
            result = measure(kind, port, seconds)
            rate = result["requests"] / result["cpu_s"]
            print(f"{kind:13} {rate:7.0f} requests per CPU second ({result['failures']:.0f} failed)")
        server.stdin.close()


if __name__ == "__main__":
    main()
