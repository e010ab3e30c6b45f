"""Run Locust users in a load pod; each sends one GET per second, every time on a new connection.

The wanted number of users is read from a file, which may change while they run. They end when that file says "stop" or
when the time limit passes. The current number of users is written to another file. Reads a plan as JSON from its
argument and prints the number of requests and failures as JSON.
"""

import json
import random
import sys
from pathlib import Path

import gevent
from locust import HttpUser, LoadTestShape, constant_throughput, task
from locust.env import Environment


def user_of(plan):
    """Return the Locust user class for the plan's URL."""

    class GetUser(HttpUser):
        host = plan["url"]
        wait_time = constant_throughput(1)

        def on_start(self):
            # Users that start at the same time would otherwise send at the same time in every second.
            gevent.sleep(random.random())  # up to one user's period

        @task
        def get(self):
            # A Service selects a backend per connection: a persistent connection would stay with one backend.
            self.client.get("", headers={"Connection": "close"}, timeout=plan["timeout_s"])

    return GetUser


def shape_of(plan):
    """Return a load shape that follows the file, up to the plan's maximum of users and until its time limit."""
    wanted, current = Path(plan["wanted"]), Path(plan["there"])

    class UsersFromFile(LoadTestShape):
        def tick(self):
            current.write_text(str(self.get_current_user_count()))
            request = wanted.read_text().strip() if wanted.exists() else "0"
            if request == "stop" or self.get_run_time() > plan["limit_s"]:
                return None
            users = min(int(request or 0), plan["most_users"])
            return users, max(users, 1)

    return UsersFromFile()


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
