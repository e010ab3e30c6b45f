"""Containers outside the cluster: beside it, on the network of its nodes, and no part of it.

testcontainers makes and removes them. Its reaper is an image that a sealed host cannot pull, so what a
killed run leaves is found by our own labels instead (see `clusters.ownership`).
"""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from clusters.ownership import labels_for
from harness.delays import DelayTally
from harness.kube.client import ExecResult
from harness.kube.requests import Reply, Request, read_replies

MOST_ADDRESSES = 16


def spare_addresses(own: ipaddress.IPv4Interface, count: int) -> tuple[str, ...]:
    """Addresses from the upper end of a network whose engine gives out the lower ones; no other client has the same."""
    assert count <= MOST_ADDRESSES, f"{count} addresses, and there are {MOST_ADDRESSES} for each client"
    place = int(own.ip) - int(own.network.network_address)
    last = own.network.broadcast_address - place * MOST_ADDRESSES
    return tuple(str(last - number) for number in range(count))


class OutsideContainer:
    """One container while a block lasts; it runs `argv`, and its image holds `ip`."""

    def __init__(
        self, cluster: str, network: str, image: str, argv: tuple[str, ...], environment: Mapping[str, str]
    ) -> None:
        testcontainers_config.ryuk_disabled = True
        self._network = network
        entrypoint, *arguments = argv
        container: Any = DockerContainer(image)
        self._container = container.with_kwargs(
            network=network,
            labels=labels_for(cluster, keep=False),
            entrypoint=[entrypoint],
            cap_add=["NET_ADMIN"],
        ).with_command(shlex.join(arguments))
        for name, value in environment.items():
            self._container.with_env(name, value)

    def __enter__(self) -> Self:
        self._container.start()
        # Its default route leads to the host and from there to somebody's network: what the cluster's own
        # network does not hold is unreachable from here.
        self.run("ip", "route", "delete", "default")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.stop()

    @property
    def address(self) -> str:
        """Its own in the cluster's container network."""
        wrapped = self._container.get_wrapped_container()
        wrapped.reload()
        return str(wrapped.attrs["NetworkSettings"]["Networks"][self._network]["IPAddress"])

    def run(self, *argv: str) -> ExecResult:
        """Run a program in the container; any exit code is an answer."""
        done = self._container.get_wrapped_container().exec_run(list(argv), demux=True)
        stdout, stderr = done.output
        return ExecResult((stdout or b"").decode(), (stderr or b"").decode(), done.exit_code)


class OutsideClient(OutsideContainer):
    """Sends requests from outside."""

    label = "outside the cluster"
    """What a message calls it after the word "client"."""

    def __init__(self, cluster: str, network: str, image: str, tally: DelayTally | None = None) -> None:
        waiting = ("/usr/bin/python3", "-c", "import signal; signal.pause()")
        super().__init__(cluster, network, image, waiting, {})
        self._tally = tally or DelayTally()

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections; replies in order."""
        replies = read_replies(self.run(*request.argv), self.label)
        self._tally.add(replies)
        return replies

    def add_addresses(self, count: int) -> tuple[str, ...]:
        """Give it `count` more addresses of the cluster's network, at most `MOST_ADDRESSES`, and return them."""
        own = ipaddress.IPv4Interface(self.run("ip", "-o", "-4", "addr", "show", "eth0").stdout.split()[3])
        added = spare_addresses(own, count)
        for address in added:
            self.run("ip", "address", "add", f"{address}/{own.network.prefixlen}", "dev", "eth0")
        return added

    def route(self, network: str, via: str) -> None:
        """Send packets for `network` to the node `via`, as a router in front of the cluster would."""
        self.run("ip", "route", "replace", network, "via", via)

    def neighbour(self, address: str) -> str | None:
        """The link-layer address that has answered for `address` last, in small letters; None if none has."""
        known = json.loads(self.run("ip", "-json", "neighbour", "show", "to", address).stdout or "[]")
        return next((str(found["lladdr"]) for found in known if "lladdr" in found), None)
