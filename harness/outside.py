"""A client outside the cluster: a container beside it, on the network of its nodes, that is no part of it.

testcontainers makes and removes it. Its reaper is an image that a sealed host cannot pull, so what a
killed run leaves is found by our own labels instead (see `clusters.ownership`).
"""

from __future__ import annotations

import ipaddress
import shlex
from types import TracebackType
from typing import Any, Self

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from clusters.ownership import labels_for
from harness.kube.client import ExecResult
from harness.kube.requests import Reply, Request, read_replies


class OutsideClient:
    """Sends requests from outside. `address` is its own in the cluster's container network."""

    def __init__(self, cluster: str, network: str, image: str) -> None:
        testcontainers_config.ryuk_disabled = True
        self._network = network
        container: Any = DockerContainer(image)
        self._container = container.with_kwargs(
            network=network,
            labels=labels_for(cluster, keep=False),
            entrypoint=["/usr/bin/python3"],
            cap_add=["NET_ADMIN"],
        ).with_command(shlex.join(["-c", "import signal; signal.pause()"]))

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
        wrapped = self._container.get_wrapped_container()
        wrapped.reload()
        return str(wrapped.attrs["NetworkSettings"]["Networks"][self._network]["IPAddress"])

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections; replies in order."""
        return read_replies(self.run(*request.argv), "outside the cluster")

    def run(self, *argv: str) -> ExecResult:
        """Run a program in the container; any exit code is an answer."""
        done = self._container.get_wrapped_container().exec_run(list(argv), demux=True)
        stdout, stderr = done.output
        return ExecResult((stdout or b"").decode(), (stderr or b"").decode(), done.exit_code)

    def add_addresses(self, count: int) -> tuple[str, ...]:
        """Give it `count` more addresses of the cluster's network, from its upper end, and return them."""
        own = ipaddress.ip_interface(self.run("ip", "-o", "-4", "addr", "show", "eth0").stdout.split()[3])
        last = own.network.broadcast_address
        added = tuple(str(last - number) for number in range(1, count + 1))
        for address in added:
            self.run("ip", "address", "add", f"{address}/{own.network.prefixlen}", "dev", "eth0")
        return added

    def route(self, network: str, via: str) -> None:
        """Send packets for `network` to the node `via`, as a router in front of the cluster would."""
        self.run("ip", "route", "replace", network, "via", via)
