"""Containers outside the cluster, on the container network of its nodes.

testcontainers creates and removes them. Its reaper (Ryuk) is disabled, because a host without a registry cannot pull
its image. Containers that a killed run leaves behind are found by the harness's own labels instead (see
`clusters.host.ownership`).
"""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from docker.errors import APIError, DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from clusters.errors import CommandFailed, EngineUnavailable, WorldError
from clusters.host.ownership import labels_for
from harness.kube.client import ExecResult
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


class OutsideContainer:
    """A container that exists while a block lasts and runs `argv`. Its image must contain the program `ip`."""

    def __init__(
        self,
        cluster: str,
        network: str,
        image: str,
        argv: tuple[str, ...],
        environment: Mapping[str, str],
        make_container: Callable[[str], Any] = DockerContainer,
    ) -> None:
        testcontainers_config.ryuk_disabled = True
        self._cluster, self._network = cluster, network
        entrypoint, *arguments = argv
        with self._reaching_engine():
            container = make_container(image)
        self._container = container.with_kwargs(
            network=network,
            labels=labels_for(cluster, keep=False),
            entrypoint=[entrypoint],
            cap_add=["NET_ADMIN"],
        ).with_command(shlex.join(arguments))
        for name, value in environment.items():
            self._container.with_env(name, value)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._stop)
            with self._reaching_engine():
                self._container.start()
            self._remove_default_route()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def address(self) -> str:
        """Return the container's address in the cluster's container network."""
        with self._reaching_engine():
            wrapped = self._container.get_wrapped_container()
            wrapped.reload()
        return str(wrapped.attrs["NetworkSettings"]["Networks"][self._network]["IPAddress"])

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

    def _remove_default_route(self) -> None:
        """Remove the default route, so that only the cluster's container network is reachable.

        The default route leads to the host and to other networks. Deleting it fails if there is none, so the remaining
        routes are checked instead. Raises `WorldError` if there still is a default route.
        """
        self.run("ip", "route", "delete", "default")
        left = self.output("ip", "route", "show", "default").strip()
        if left:
            raise WorldError(f"a container outside cluster {self._cluster} still has a default route: {left}")

    def _stop(self) -> None:
        with self._reaching_engine():
            self._container.stop()

    @contextmanager
    def _reaching_engine(self) -> Iterator[None]:
        """Turn an error that the engine returns into a `WorldError`, and a missing answer into `EngineUnavailable`."""
        try:
            yield
        except APIError as refusal:
            reason = refusal.explanation or refusal
            raise WorldError(
                f"the container engine refused a request about a container outside cluster {self._cluster}: {reason}"
            ) from refusal
        except (DockerException, OSError) as failure:  # requests' exceptions are OSErrors
            raise EngineUnavailable(
                f"the container engine does not answer: {failure}", remedy="check whether Docker runs"
            ) from failure


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
