"""The director's whole life, from an empty node to an empty node."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from director.client import COMMAND_TIMEOUT_S, READY_TIMEOUT_S
from director.frames import Message
from director.host import Host, HostCommandFailed, ThisHost
from director.kernel import Kernel, boot
from director.line import GuestSilent, Line
from director.plumbing import lay, remove
from director.routes import LOOK, SYNCED_LINE, Routes, destinations, own_addresses
from director.server import listen
from director.settings import CONFIG, KUBECONFIG, ApiServer, NotConfigured, Settings, api_server, read_settings
from director.socketpath import SOCKET

STOP_TIMEOUT_S = 5.0
"""For kube-proxy to end; the grace period of the pod is 30 s."""


def main() -> int:
    """0 after a clean stop; anything else, and the kubelet starts the container again."""
    try:
        settings = read_settings(os.environ)
        api = api_server(KUBECONFIG.read_text())
        return asyncio.run(serve(ThisHost(), settings, api))
    except (NotConfigured, HostCommandFailed, OSError) as failure:
        say("director", str(failure))
        return 1


def say(source: str, line: str) -> None:
    """A line of the container's log, with who said it."""
    sys.stdout.write(f"{source}: {line}\n")
    sys.stdout.flush()


async def serve(host: Host, settings: Settings, api: ApiServer) -> int:
    """Lay the plumbing, run the guest until it ends or we are told to stop, and remove the plumbing."""
    try:
        lay(host, settings.service_cidr)
        routes = Routes(host, settings.service_cidr, own_addresses(host) | {api.address})
        kernel = await boot(settings.memory)
        try:
            return await Director(kernel, routes, start_message(settings, api)).run()
        finally:
            kernel.close()
    finally:
        remove(host)


def start_message(settings: Settings, api: ApiServer) -> Message:
    """What the guest has to know."""
    return {
        "node_name": settings.node_name,
        "service_cidr": settings.service_cidr,
        "api_host": api.host,
        "api_address": api.address,
        "config": CONFIG,
    }


class Director:
    """One guest and what happens around it."""

    def __init__(self, kernel: Kernel, routes: Routes, start: Message) -> None:
        self._kernel = kernel
        self._routes = routes
        self._start = start
        self._line = Line(kernel.serial)
        self._synced = asyncio.Event()
        self._by_device: frozenset[str] = frozenset()
        self._by_rules: frozenset[str] = frozenset()

    async def run(self, socket: Path = SOCKET) -> int:
        """0 when told to stop, 1 when the guest ended by itself."""
        told_to_stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
        server = await listen(self.reply, socket)
        async with asyncio.TaskGroup() as group:
            stop = group.create_task(told_to_stop.wait())
            ended = group.create_task(self._kernel.read_console(say))
            others = [
                group.create_task(work)
                for work in (self._kernel.read_log(self._on_log), self._follow_events(), self._follow_rules())
            ]
            await asyncio.wait((stop, ended), return_when=asyncio.FIRST_COMPLETED)
            exit_code = self._tell_end(ended.result()) if ended.done() else await self._stop_guest()
            server.close()
            for task in (stop, ended, *others):
                task.cancel()
        return exit_code

    async def reply(self, question: Message) -> Message:
        """What a program in the pod gets to hear."""
        try:
            match question:
                case {"argv": [*_], "timeout_s": timeout_s}:
                    return await self._line.ask(question, timeout_s)
                case {"ask": "ready"}:
                    return await self._line.ask(question, READY_TIMEOUT_S)
                case _:
                    return {"exit_code": 2, "stderr": f"the director does not understand {question}\n"}
        except GuestSilent as failure:
            return {"exit_code": 124, "stderr": f"{failure}\n", "unready": str(failure)}

    async def _follow_events(self) -> None:
        async for event in self._line.events():
            match event:
                case {"event": "up"}:
                    self._line.tell(self._start)
                case {"event": "running"}:
                    self._line.allow_questions()
                case {"event": "addresses", "addresses": [*addresses]}:
                    self._by_device = frozenset(addresses)
                    self._route()
                case {"event": what}:
                    say("director", f"the guest says: {what} {event.get('exit_code', '')}".rstrip())

    def _on_log(self, source: str, line: str) -> None:
        say(source, line)
        if SYNCED_LINE in line:
            self._synced.set()

    async def _follow_rules(self) -> None:
        """After each sync of the iptables proxier; syncs that end while we look count as one more."""
        while True:
            await self._synced.wait()
            self._synced.clear()
            try:
                samples = [await self._line.ask(_command(argv), COMMAND_TIMEOUT_S) for argv in LOOK]
            except GuestSilent as failure:
                say("director", f"external addresses not read: {failure}")
                continue
            self._by_rules = destinations("".join(sample["stdout"] for sample in samples))
            self._route()

    def _route(self) -> None:
        try:
            changed = self._routes.follow(self._by_device | self._by_rules)
        except HostCommandFailed as failure:
            changed = str(failure)
        for line in changed.splitlines():
            say("director", line)

    async def _stop_guest(self) -> int:
        say("director", "told to stop")
        with contextlib.suppress(GuestSilent, TimeoutError):  # Who does not end is killed.
            await self._line.ask({"ask": "stop"}, STOP_TIMEOUT_S)
            await self._kernel.wait_ended()
        return 0

    def _tell_end(self, exit_code: int) -> int:
        say("director", f"the guest's kernel ended by itself with {exit_code}; its last lines were:")
        for line in self._kernel.last_lines:
            say("director", f"  {line}")
        return 1


def _command(argv: tuple[str, ...]) -> Message:
    return {"argv": argv, "timeout_s": COMMAND_TIMEOUT_S}
