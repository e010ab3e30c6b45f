"""A locustfile to explore a Service by hand on Locust's web page: closed-loop users, ten requests per second from each.

The page rounds times to whole milliseconds, which is more than a first packet takes. Every time is therefore reported
in microseconds, and its name says so. The target comes from the environment of the master's process and of each
worker's pod and cannot be changed on the page, so requests go only to an address that was checked beforehand.
"""

import os

from locust import User, constant_throughput, task

from kubeproof_load.arrivals import Target
from kubeproof_load.request_kinds import request_kind_of

TARGET = Target("target", os.environ["KUBEPROOF_ADDRESS"], int(os.environ["KUBEPROOF_PORT"]))
PATH = "/hostname"
TIMEOUT_S = 5.0
US_PER_S = 1e6


class Exploring(User):
    """A user that sends one request after the other; the base of the user classes."""

    abstract = True
    wait_time = constant_throughput(10)
    kind = ""

    def on_start(self):
        self.request_kind = request_kind_of(self.kind, PATH)

    def on_stop(self):
        self.request_kind.close()

    @task
    def once(self):
        try:
            done = self.request_kind.once(TARGET, TIMEOUT_S)
        except OSError as failure:
            self._report("us by our clock", 0.0, failure)
            return
        self._report("us by our clock", done.end_s - done.start_s)
        if done.kernel_s is not None and not done.retransmitted:
            self._report("us by the kernel's clock", done.kernel_s)

    def _report(self, name, seconds, failure=None):
        self.environment.events.request.fire(
            request_type=self.kind,
            name=name,
            response_time=seconds * US_PER_S,
            response_length=0,
            exception=failure,
            context={},
        )


class FirstPacketUser(Exploring):
    """Opens a connection and resets it."""

    kind = "first_packet"


class HttpNewUser(Exploring):
    """Sends a GET on a new connection."""

    kind = "http_new"


class HttpKeptUser(Exploring):
    """Sends a GET on a persistent connection."""

    kind = "http_kept"
