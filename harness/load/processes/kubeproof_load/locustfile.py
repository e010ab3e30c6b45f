"""A locustfile to explore a Service by hand, on Locust's own web page: closed users, ten exchanges a second from each.

The page knows milliseconds and rounds them to whole ones, which is more than a first packet takes. So every time is
told to it in microseconds, and its name says so. The target comes from the environment, of the master's process and of
each worker's pod, and cannot be changed on the page: nothing is sent to an address that was not looked at first.
"""

import os

from locust import User, constant_throughput, task

from kubeproof_load.arrivals import Target
from kubeproof_load.exchanges import request_kind_of

TARGET = Target("target", os.environ["KUBEPROOF_ADDRESS"], int(os.environ["KUBEPROOF_PORT"]))
PATH = "/hostname"
TIMEOUT_S = 5.0
US_PER_S = 1e6


class Exploring(User):
    """Exchanges one thing after the other."""

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
            self._tell("us by our clock", 0.0, failure)
            return
        self._tell("us by our clock", done.end_s - done.start_s)
        if done.kernel_s is not None and not done.retransmitted:
            self._tell("us by the kernel's clock", done.kernel_s)

    def _tell(self, name, seconds, failure=None):
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
    """A GET on a connection of its own."""

    kind = "http_new"


class HttpKeptUser(Exploring):
    """A GET on a connection that is kept."""

    kind = "http_kept"
