"""A known delay on the path to a pod, by netem (tc-netem(8)): does the generator find it again?

On substrate `host` it is put on the node's end of the pod's link, which a connection's first packet passes once. On
`uml` it is put on the device of the guest, by which the first packet leaves it and so does its answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from clusters.cluster import Node
from clusters.errors import CommandFailed
from clusters.spec import Substrate
from harness.dataplane.shell import ProxyShell
from harness.kube.nodes.shell import NodeShell
from harness.load.plan import Block, TargetBlocks

GUEST_DEVICE = "vec0"
UNKNOWN = "qdisc kind is unknown"


class NoNetem(Exception):
    """The kernel cannot delay packets; says which, and how it refused."""


@dataclass(frozen=True, slots=True)
class DelayablePath:
    """`run` runs a program where `device` is; a handshake passes it so many times."""

    run: Callable[..., str]
    device: str
    passages: int

    @contextmanager
    def delayed(self, delay_us: int) -> Iterator[None]:
        """Each passage takes so much longer while the block lasts; 0 is the path as it is.

        Raises `NoNetem` where the kernel has no netem, `CommandFailed` otherwise.
        """
        if not delay_us:
            yield
            return
        try:
            self.run("tc", "qdisc", "replace", "dev", self.device, "root", "netem", "delay", f"{delay_us}us")
        except CommandFailed as failure:
            if UNKNOWN in failure.stderr:
                raise NoNetem(f"the kernel behind {self.device} has no netem: {failure.stderr.strip()}") from failure
            raise
        try:
            yield
        finally:
            self.run("tc", "qdisc", "del", "dev", self.device, "root")


def path_to_pod(
    substrate: Substrate, proxy: tuple[ProxyShell, Node], backend: tuple[NodeShell, Node], pod_address: str
) -> DelayablePath:
    """From clients of the node in `proxy` by a Service to a pod on the node in `backend`."""
    if substrate is Substrate.UML:
        shell, client_node = proxy
        return DelayablePath(lambda *argv: shell.run(client_node, *argv), GUEST_DEVICE, passages=2)
    nodes, node = backend
    (route,) = json.loads(nodes.run(node, "ip", "-json", "route", "get", pod_address))
    return DelayablePath(lambda *argv: nodes.run(node, *argv), str(route["dev"]), passages=1)


def in_a_row(rounds: Sequence[TargetBlocks], length: int) -> TargetBlocks:
    """What several loads of `length` blocks each told, as one: block by block, each round's after the last's."""
    numbered = enumerate(rounds)
    return TargetBlocks(tuple(_later(block, number * length) for number, told in numbered for block in told.blocks))


def _later(block: Block, by: int) -> Block:
    return replace(block, number=block.number + by)
