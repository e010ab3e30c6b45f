"""Containers outside the cluster, on the container network of its nodes, that reach nothing but this network."""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from testcontainers.core.container import DockerContainer

from clusters.errors import CommandFailed, WorldError
from harness.kube.client import ExecResult
from harness.traffic.containers import NetworkContainer
from harness.traffic.delays import DelayTally
from harness.traffic.requests import Reply, Request, read_replies

MOST_ADDRESSES = 16


def spare_addresses(own: ipaddress.IPv4Interface, count: int) -> tuple[str, ...]:
    """Return addresses that no other client of the network uses.

    They are taken from the upper end of the network; the container engine assigns addresses from the lower end.
    """
    assert count <= MOST_ADDRESSES, f"{count} addresses wanted, at most {MOST_ADDRESSES} are available for each client"
    host_number = int(own.ip) - int(own.network.network_address)
    last = own.network.broadcast_address - host_number * MOST_ADDRESSES
    return tuple(str(last - number) for number in range(count))


class OutsideContainer(NetworkContainer):
    """A container outside the cluster that runs `argv`. Its image must contain the program `ip`."""

    def __init__(
        self,
        cluster: str,
        network: str,
        image: str,
        argv: tuple[str, ...],
        environment: Mapping[str, str],
        make_container: Callable[[str], Any] = DockerContainer,
    ) -> None:
        entrypoint, *arguments = argv
        super().__init__(cluster, network, image, make_container, entrypoint=[entrypoint], cap_add=["NET_ADMIN"])
        self._container.with_command(shlex.join(arguments))
        for name, value in environment.items():
            self._container.with_env(name, value)

    def run(self, *argv: str) -> ExecResult:
        """Run a program in the container and return its output and exit code; no exit code is an error.

        Raises `WorldError` if the container engine fails.
        """
        with self._reaching_engine():
            done = self._container.get_wrapped_container().exec_run(list(argv), demux=True)
        stdout, stderr = done.output
        return ExecResult((stdout or b"").decode(), (stderr or b"").decode(), done.exit_code)

    def output(self, *argv: str) -> str:
        """Run a program in the container and return its output. Raises `CommandFailed` for any exit code but 0."""
        done = self.run(*argv)
        if done.exit_code != 0:
            raise CommandFailed(argv, done.exit_code, done.stdout, done.stderr)
        return done.stdout

    def _prepare(self) -> None:
        """Remove the default route, so that only the cluster's container network is reachable.

        The default route leads to the host and to other networks. Deleting it fails if there is none, so the remaining
        routes are checked instead. Raises `WorldError` if there still is a default route.
        """
        self.run("ip", "route", "delete", "default")
        left = self.output("ip", "route", "show", "default").strip()
        if left:
            raise WorldError(f"a container outside cluster {self._cluster} still has a default route: {left}")


class OutsideClient(OutsideContainer):
    """A client outside the cluster."""

    label = "outside the cluster"
    """The name of the client in messages, after the word "client"."""

    def __init__(
        self,
        cluster: str,
        network: str,
        image: str,
        tally: DelayTally | None = None,
        make_container: Callable[[str], Any] = DockerContainer,
    ) -> None:
        idle = ("/usr/bin/python3", "-c", "import signal; signal.pause()")
        super().__init__(cluster, network, image, idle, {}, make_container)
        self._tally = tally or DelayTally()

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections and return the replies in order."""
        replies = read_replies(self.run(*request.argv), self.label)
        self._tally.add(replies)
        return replies

    def add_addresses(self, count: int) -> tuple[str, ...]:
        """Add `count` addresses of the cluster's container network, at most `MOST_ADDRESSES`, and return them."""
        own = ipaddress.IPv4Interface(self.output("ip", "-o", "-4", "addr", "show", "eth0").split()[3])
        added = spare_addresses(own, count)
        for address in added:
            self.output("ip", "address", "replace", f"{address}/{own.network.prefixlen}", "dev", "eth0")
        return added

    def route(self, network: str, via: str) -> None:
        """Send packets for `network` to the node `via`, as a router in front of the cluster would."""
        self.output("ip", "route", "replace", network, "via", via)

    def neighbour(self, address: str) -> str | None:
        """Return the link-layer address of `address` in the neighbour table, in lower case; None if it has none."""
        entries = json.loads(self.output("ip", "-json", "neighbour", "show", "to", address) or "[]")
        return next((str(entry["lladdr"]) for entry in entries if "lladdr" in entry), None)
