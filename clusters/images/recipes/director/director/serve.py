"""The container's main program: sets up the node, runs the guest, updates the routes, and cleans up."""

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
from director.line import GuestUnavailable, Line
from director.plumbing import install, remove
from director.routes import NOWHERE, SYNCED_LINE, Routes, listings_of, own_addresses
from director.server import listen
from director.settings import CONFIG, KUBECONFIG, ApiServer, NotConfigured, Settings, api_server, read_settings
from director.socketpath import SOCKET

STOP_TIMEOUT_S = 5.0
"""How long kube-proxy may take to exit; the pod's grace period is 30 s."""


def main() -> int:
    """Run the director. Return 0 after a requested stop, or 1 so that the kubelet restarts the container."""
    try:
        settings = read_settings(os.environ)
        api = api_server(KUBECONFIG.read_text())
        return asyncio.run(serve(ThisHost(), settings, api))
    except (NotConfigured, HostCommandFailed, OSError) as failure:
        log("director", str(failure))
        return 1


def log(source: str, line: str) -> None:
    """Write a line to the container's log, after the name of its source."""
    sys.stdout.write(f"{source}: {line}\n")
    sys.stdout.flush()


async def serve(host: Host, settings: Settings, api: ApiServer) -> int:
    """Set up the node, run the guest until it ends or a stop is requested, and clean up the node."""
    try:
        install(host, settings.service_cidr)
        routes = Routes(host, settings.service_cidr, own_addresses(host) | {api.address})
        kernel = await boot(settings.memory)
        try:
            return await Director(kernel, routes, start_message(settings, api)).run()
        finally:
            kernel.close()
    finally:
        remove(host)


def start_message(settings: Settings, api: ApiServer) -> Message:
    """Return the start message: the settings that the guest needs."""
    return {
        "node_name": settings.node_name,
        "service_cidr": settings.service_cidr,
        "api_host": api.host,
        "api_address": api.address,
        "config": CONFIG,
    }


class Director:
    """Runs one guest: forwards requests to it, updates the node's routes, and writes the log."""

    def __init__(self, kernel: Kernel, routes: Routes, start: Message) -> None:
        self._kernel = kernel
        self._routes = routes
        self._start = start
        self._line = Line(kernel.serial)
        self._synced = asyncio.Event()
        self._by_device: frozenset[str] = frozenset()
        self._by_rules: frozenset[str] = frozenset()
        self._listings = NOWHERE

    async def run(self, socket: Path = SOCKET) -> int:
        """Run until SIGTERM, SIGINT or the guest's end. Return 0 after a signal, 1 if the guest ended by itself."""
        stop_requested = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
        server = await listen(self.reply, socket)
        async with asyncio.TaskGroup() as group:
            stop = group.create_task(stop_requested.wait())
            ended = group.create_task(self._kernel.read_console(log))
            others = [
                group.create_task(work)
                for work in (self._kernel.read_log(self._on_log), self._follow_events(), self._follow_rules())
            ]
            await asyncio.wait((stop, ended), return_when=asyncio.FIRST_COMPLETED)
            exit_code = self._report_end(ended.result()) if ended.done() else await self._stop_guest()
            server.close()
            for task in (stop, ended, *others):
                task.cancel()
        return exit_code

    async def reply(self, request: Message) -> Message:
        """Return the reply to a request from the socket."""
        try:
            match request:
                case {"argv": [*_], "timeout_s": timeout_s}:
                    return await self._line.ask(request, timeout_s)
                case {"ask": "ready"}:
                    return await self._line.ask(request, READY_TIMEOUT_S)
                case _:
                    return {"exit_code": 2, "stderr": f"the director does not support the request {request}\n"}
        except GuestUnavailable as failure:
            return {"exit_code": 124, "stderr": f"{failure}\n", "unready": str(failure)}

    async def _follow_events(self) -> None:
        async for event in self._line.events():
            match event:
                case {"event": "up"}:
                    self._line.send_start(self._start)
                case {"event": "running"}:
                    self._line.allow_requests()
                case {"event": "addresses", "addresses": [*addresses]}:
                    self._by_device = frozenset(addresses)
                    self._update_routes()
                case {"event": name}:
                    log("director", f"event from the guest: {name} {event.get('exit_code', '')}".rstrip())

    def _on_log(self, source: str, line: str) -> None:
        log(source, line)
        if (listings := listings_of(line)) is not None:
            self._listings, self._by_rules = listings, frozenset()
        if SYNCED_LINE in line:
            self._synced.set()

    async def _follow_rules(self) -> None:
        """Update the routes after each sync that the log reports, once for all syncs that end during an update."""
        while True:
            await self._synced.wait()
            self._synced.clear()
            try:
                replies = [await self._line.ask(_command(argv), COMMAND_TIMEOUT_S) for argv in self._listings.commands]
            except GuestUnavailable as failure:
                log("director", f"cannot list the addresses of Services outside the Service CIDR: {failure}")
                continue
            if failed := [reply for reply in replies if reply.get("exit_code") != 0]:
                log("director", f"keeps its routes, because the rules cannot be listed: {failed[0].get('stderr', '')}")
                continue
            self._by_rules = self._listings.destinations("".join(reply["stdout"] for reply in replies))
            self._update_routes()

    def _update_routes(self) -> None:
        try:
            changed = self._routes.update(self._by_device | self._by_rules)
        except HostCommandFailed as failure:
            changed = str(failure)
        for line in changed.splitlines():
            log("director", line)

    async def _stop_guest(self) -> int:
        log("director", "stop requested by a signal")
        with contextlib.suppress(GuestUnavailable, TimeoutError):  # `serve` kills a guest that does not stop.
            await self._line.ask({"ask": "stop"}, STOP_TIMEOUT_S)
            await self._kernel.wait_ended()
        return 0

    def _report_end(self, exit_code: int) -> int:
        log("director", f"the guest's kernel ended by itself with exit code {exit_code}; its last lines were:")
        for line in self._kernel.last_lines:
            log("director", f"  {line}")
        return 1


def _command(argv: tuple[str, ...]) -> Message:
    return {"argv": argv, "timeout_s": COMMAND_TIMEOUT_S}
