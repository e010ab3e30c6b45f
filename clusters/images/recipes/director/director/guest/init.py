"""The guest's first process: sets the guest up, keeps kube-proxy running, and handles requests on the serial line.

Requests are handled one at a time, because kube-proxy needs the only CPU. Only programs that are known to take long
run in the background. If this process fails, it writes its traceback to the console, and the kernel's panic ends the
guest.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from director.frames import Message
from director.guest.addresses import AddressBook, AddressEvents
from director.guest.background import BackgroundProgram
from director.guest.execute import execute, first_sync_done, get
from director.guest.serialline import SerialLine, open_raw
from director.guest.setup import ENVIRONMENT, kube_proxy, mount_own, prepare
from director.host import ThisHost
from director.plumbing import METRICS_PORT
from director.routes import outside

SERIAL = "/dev/ttyS0"
LOG = "/dev/ttyS1"
IPVS_DEVICE = "kube-ipvs0"

RESTART_AFTER_S = 1.0
"""As short as the kubelet's first restart delay. kube-proxy's own log says why it exited."""

STOP_TIMEOUT_S = 3.0
PAGE_TIMEOUT_S = 3.0
"""kube-proxy responds within 10 ms, unless a long sync occupies the only CPU."""


def main() -> None:
    """Set up the guest, and run the agent. Never returns."""
    os.environ.update(ENVIRONMENT)
    mount_own(ThisHost())
    line = SerialLine(open_raw(SERIAL))
    line.send({"event": "up"})
    start = line.wait_message()
    prepare(ThisHost(), start)
    Agent(line, Proxy(kube_proxy(start), open_raw(LOG)), outside(start["service_cidr"])).run()


class Proxy:
    """kube-proxy as a child process. The kernel keeps its rules while it is not running, as on a node."""

    def __init__(self, argv: tuple[str, ...], log: int) -> None:
        self._argv = argv
        self._log = log
        self._synced = False
        self.start()

    def start(self) -> None:
        """Start kube-proxy. `ended` becomes a file descriptor that is readable when it has ended."""
        self._synced = False
        self._child = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self.ended = os.pidfd_open(self._child.pid)

    def reap(self) -> int:
        """Return the exit code of the ended process."""
        os.close(self.ended)
        return self._child.wait()

    def stop(self) -> None:
        """Send SIGTERM, and wait for `STOP_TIMEOUT_S` at most."""
        self._child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):  # The guest is powered off next.
            self._child.wait(STOP_TIMEOUT_S)

    def unready(self) -> str:
        """Return why kube-proxy is not ready, or "". After its first sync it counts as ready until it ends."""
        if not self._synced:
            try:
                status, metrics = get(METRICS_PORT, "/metrics", PAGE_TIMEOUT_S)
            except OSError as error:
                return f"kube-proxy does not serve metrics yet: {error}"
            self._synced = status == 200 and first_sync_done(metrics)
        return "" if self._synced else "kube-proxy has not finished its first sync"


class Agent:
    """Handles requests, reports changed addresses, and restarts kube-proxy when it ends."""

    def __init__(self, line: SerialLine, proxy: Proxy, wanted: Callable[[str], bool]) -> None:
        self._line = line
        self._proxy = proxy
        self._addresses = AddressBook(IPVS_DEVICE, wanted)
        self._events = AddressEvents(self._addresses)
        self._selector = selectors.DefaultSelector()
        self._restart_at: float | None = None

    def run(self) -> None:
        """Handle events one after the other. Never returns."""
        self._selector.register(self._line.fd, selectors.EVENT_READ, self._handle_requests)
        self._selector.register(self._events, selectors.EVENT_READ, self._publish)
        self._selector.register(self._proxy.ended, selectors.EVENT_READ, self._proxy_ended)
        self._line.send({"event": "running"})
        while True:
            for key, _ in self._selector.select(self._timeout_s()):
                key.data()
            if self._restart_at is not None and time.monotonic() >= self._restart_at:
                self._restart_proxy()

    def _timeout_s(self) -> float | None:
        return None if self._restart_at is None else max(0.0, self._restart_at - time.monotonic())

    def _handle_requests(self) -> None:
        for request in self._line.take():
            reply = self._reply(request)
            if isinstance(reply, BackgroundProgram):
                ended = partial(self._background_ended, reply, request["number"])
                self._selector.register(reply.ended, selectors.EVENT_READ, ended)
            else:
                self._line.send({**reply, "number": request["number"]})
            if request.get("ask") == "stop":
                self._power_off()

    def _reply(self, request: Message) -> Message | BackgroundProgram:
        match request:
            case {"argv": [*argv], "timeout_s": timeout_s}:
                return execute(tuple(argv), timeout_s)
            case {"ask": "ready"} if self._restart_at is not None:
                return {"unready": "kube-proxy has exited and will be restarted"}
            case {"ask": "ready"}:
                return {"unready": self._proxy.unready()}
            case {"ask": "stop"}:
                self._proxy.stop()
                return {}
            case _:
                return {"error": f"the guest does not support the request {request}"}

    def _background_ended(self, program: BackgroundProgram, number: int) -> None:
        self._selector.unregister(program.ended)
        self._line.send({**program.reap(), "number": number})

    def _publish(self) -> None:
        if self._events.take():
            self._line.send({"event": "addresses", "addresses": sorted(self._addresses.present)})

    def _proxy_ended(self) -> None:
        self._selector.unregister(self._proxy.ended)
        self._line.send({"event": "kube-proxy ended", "exit_code": self._proxy.reap()})
        self._restart_at = time.monotonic() + RESTART_AFTER_S

    def _restart_proxy(self) -> None:
        self._restart_at = None
        self._proxy.start()
        self._selector.register(self._proxy.ended, selectors.EVENT_READ, self._proxy_ended)

    def _power_off(self) -> None:
        Path("/proc/sysrq-trigger").write_text("o")
        signal.pause()
