"""Run Locust's own HTTP users in a client pod at a rate, on persistent connections.

Reads a plan as JSON from its argument, and prints the numbers of requests and failures and the process's CPU seconds.
"""

import json
import resource
import sys
import time

from locust import FastHttpUser, HttpUser, constant_throughput, task
from locust.env import Environment

USERS = {"FastHttpUser": FastHttpUser, "HttpUser": HttpUser}


def user_of(plan):
    """Return the Locust user class for the plan's URL and share of its rate."""

    class GetUser(USERS[plan["user"]]):
        host = plan["url"]
        wait_time = constant_throughput(plan["rate_per_s"] / plan["users"])

        @task
        def get(self):
            self.client.get("")

    return GetUser


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    plan = json.loads(sys.argv[1])
    environment = Environment(user_classes=[user_of(plan)])
    runner = environment.create_local_runner()
    before_s = cpu_s()
    runner.start(plan["users"], spawn_rate=plan["users"])
    time.sleep(plan["duration_s"])  # the users send in the background: Locust has made it a pause of this greenlet
    after_s = cpu_s()
    total = environment.stats.total
    print(json.dumps({"requests": total.num_requests, "failures": total.num_failures, "cpu_s": after_s - before_s}))
    runner.quit()


if __name__ == "__main__":
    main()
