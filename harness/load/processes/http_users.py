"""Runs in a load pod: Locust users that send one GET a second each, on a connection of its own every time.

How many they shall be stands in a file, which may change while they work; "stop" there ends them, and so does the
time limit. How many they are stands in another. Reads a plan as JSON from its argument, prints what came of it as
JSON.
"""

import json
import random
import sys
from pathlib import Path

import gevent
from locust import HttpUser, LoadTestShape, constant_throughput, task
from locust.env import Environment


def user_of(plan):
    """A Locust user class for the plan's address."""

    class GetUser(HttpUser):
        host = plan["url"]
        wait_time = constant_throughput(1)

        def on_start(self):
            # Users that begin together would send together, second after second.
            gevent.sleep(random.random())  # up to one user's period

        @task
        def get(self):
            # A Service chooses a backend for each connection, so a connection that is kept stays with one.
            self.client.get("", headers={"Connection": "close"}, timeout=plan["timeout_s"])

    return GetUser


def shape_of(plan):
    """As many users as the file says, up to the plan's most, until its time limit."""
    wanted, there = Path(plan["wanted"]), Path(plan["there"])

    class AsTold(LoadTestShape):
        def tick(self):
            there.write_text(str(self.get_current_user_count()))
            told = wanted.read_text().strip() if wanted.exists() else "0"
            if told == "stop" or self.get_run_time() > plan["limit_s"]:
                return None
            users = min(int(told or 0), plan["most_users"])
            return users, max(users, 1)

    return AsTold()


def main():
    plan = json.loads(sys.argv[1])
    environment = Environment(user_classes=[user_of(plan)], shape_class=shape_of(plan))
    runner = environment.create_local_runner()
    runner.start_shape()
    runner.shape_greenlet.join()
    runner.quit()
    total = environment.stats.total
    print(json.dumps({"requests": total.num_requests, "failures": total.num_failures}))


if __name__ == "__main__":
    main()
