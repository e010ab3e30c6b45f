"""The first process of the guest: sets it up, keeps kube-proxy running, and answers on the serial line.

One thing at a time: there is one processor, and kube-proxy wants it. Only what is known to take long is
started beside the rest. If this process fails, its traceback is on the console and the kernel's panic ends
the guest.
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
from director.guest.answers import answer, first_sync_done, get
from director.guest.aside import AsideProgram
from director.guest.serialline import SerialLine, open_raw
from director.guest.setup import ENVIRONMENT, kube_proxy, mount_own, prepare
from director.host import ThisHost
from director.plumbing import METRICS_PORT
from director.routes import outside

SERIAL = "/dev/ttyS0"
LOG = "/dev/ttyS1"
IPVS_DEVICE = "kube-ipvs0"

RESTART_AFTER_S = 1.0
"""As short as a kubelet's first restart would be; kube-proxy itself says in its log why it ended."""

STOP_TIMEOUT_S = 3.0
PAGE_TIMEOUT_S = 3.0
"""kube-proxy answers within 10 ms, unless a long sync has the only processor."""


def main() -> None:
    """The guest's life."""
    os.environ.update(ENVIRONMENT)
    mount_own(ThisHost())
    line = SerialLine(open_raw(SERIAL))
    line.send({"event": "up"})
    start = line.wait_message()
    prepare(ThisHost(), start)
    Agent(line, Proxy(kube_proxy(start), open_raw(LOG)), outside(start["service_cidr"])).run()


class Proxy:
    """kube-proxy as a child, started again whenever it ends: the kernel's rules outlive it, as on a node."""

    def __init__(self, argv: tuple[str, ...], log: int) -> None:
        self._argv = argv
        self._log = log
        self._synced = False
        self.start()

    def start(self) -> None:
        """Start it; `ended` is readable when it has ended."""
        self._synced = False
        self._child = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self.ended = os.pidfd_open(self._child.pid)

    def reap(self) -> int:
        """Its exit code, when it has ended."""
        os.close(self.ended)
        return self._child.wait()

    def stop(self) -> None:
        """End it, politely first."""
        self._child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):  # The kernel ends anyway.
            self._child.wait(STOP_TIMEOUT_S)

    def unready(self) -> str:
        """Why it is not ready, or nothing. Once synced it stays ready until it ends."""
        if not self._synced:
            try:
                status, metrics = get(METRICS_PORT, "/metrics", PAGE_TIMEOUT_S)
            except OSError as error:
                return f"kube-proxy does not serve its metrics yet: {error}"
            self._synced = status == 200 and first_sync_done(metrics)
        return "" if self._synced else "kube-proxy has not finished its first sync"


class Agent:
    """Waits for questions, changes of addresses and the end of kube-proxy, and does what each demands."""

    def __init__(self, line: SerialLine, proxy: Proxy, wanted: Callable[[str], bool]) -> None:
        self._line = line
        self._proxy = proxy
        self._addresses = AddressBook(IPVS_DEVICE, wanted)
        self._events = AddressEvents(self._addresses)
        self._selector = selectors.DefaultSelector()
        self._start_again_at: float | None = None

    def run(self) -> None:
        """Never returns."""
        self._selector.register(self._line.fd, selectors.EVENT_READ, self._answer)
        self._selector.register(self._events, selectors.EVENT_READ, self._publish)
        self._selector.register(self._proxy.ended, selectors.EVENT_READ, self._proxy_ended)
        self._line.send({"event": "running"})
        while True:
            for key, _ in self._selector.select(self._patience_s()):
                key.data()
            if self._start_again_at is not None and time.monotonic() >= self._start_again_at:
                self._start_proxy_again()

    def _patience_s(self) -> float | None:
        return None if self._start_again_at is None else max(0.0, self._start_again_at - time.monotonic())

    def _answer(self) -> None:
        for question in self._line.take():
            reply = self._reply(question)
            if isinstance(reply, AsideProgram):
                ended = partial(self._aside_ended, reply, question["number"])
                self._selector.register(reply.ended, selectors.EVENT_READ, ended)
            else:
                self._line.send({**reply, "number": question["number"]})
            if question.get("ask") == "stop":
                self._power_off()

    def _reply(self, question: Message) -> Message | AsideProgram:
        match question:
            case {"argv": [*argv], "timeout_s": timeout_s}:
                return answer(tuple(argv), timeout_s)
            case {"ask": "ready"} if self._start_again_at is not None:
                return {"unready": "kube-proxy has ended and is about to be started again"}
            case {"ask": "ready"}:
                return {"unready": self._proxy.unready()}
            case {"ask": "stop"}:
                self._proxy.stop()
                return {}
            case _:
                return {"error": f"the guest does not understand {question}"}

    def _aside_ended(self, program: AsideProgram, number: int) -> None:
        self._selector.unregister(program.ended)
        self._line.send({**program.reap(), "number": number})

    def _publish(self) -> None:
        if self._events.take():
            self._line.send({"event": "addresses", "addresses": sorted(self._addresses.present)})

    def _proxy_ended(self) -> None:
        self._selector.unregister(self._proxy.ended)
        self._line.send({"event": "kube-proxy ended", "exit_code": self._proxy.reap()})
        self._start_again_at = time.monotonic() + RESTART_AFTER_S

    def _start_proxy_again(self) -> None:
        self._start_again_at = None
        self._proxy.start()
        self._selector.register(self._proxy.ended, selectors.EVENT_READ, self._proxy_ended)

    def _power_off(self) -> None:
        Path("/proc/sysrq-trigger").write_text("o")
        signal.pause()
