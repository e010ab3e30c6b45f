"""Add a known delay to the path to a pod, with netem (tc-netem(8)), to check that the generator measures it correctly.

On substrate `host`, the delay is added to the node's end of the pod's veth pair, which a handshake passes once. On
`uml`, it is added to the guest's network device, which a handshake passes twice: on the way out and on the way back.
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
REFUSALS = ("qdisc kind is unknown", "Operation not supported")
"""What a kernel without netem answers, and one without any queueing discipline."""


class NoNetem(Exception):
    """The kernel of a device has no netem; the message quotes its refusal."""


@dataclass(frozen=True, slots=True)
class DelayablePath:
    """A network device that a handshake passes `passages` times; `run` runs a program in its network namespace."""

    run: Callable[..., str]
    device: str
    passages: int

    @contextmanager
    def delayed(self, delay_us: int) -> Iterator[None]:
        """Delay each passage by `delay_us` while the block runs; 0 leaves the path unchanged.

        Raises `NoNetem` if the kernel has no netem and `CommandFailed` if `tc` fails otherwise.
        """
        if not delay_us:
            yield
            return
        try:
            self.run("tc", "qdisc", "replace", "dev", self.device, "root", "netem", "delay", f"{delay_us}us")
        except CommandFailed as failure:
            if any(refusal in failure.stderr for refusal in REFUSALS):
                raise NoNetem(f"the kernel behind {self.device} has no netem: {failure.stderr.strip()}") from failure
            raise
        try:
            yield
        finally:
            self.run("tc", "qdisc", "del", "dev", self.device, "root")


def path_to_pod(
    substrate: Substrate, proxy: tuple[ProxyShell, Node], backend: tuple[NodeShell, Node], pod_address: str
) -> DelayablePath:
    """Return the path from clients on the node in `proxy`, through a Service, to a pod on the node in `backend`."""
    if substrate is Substrate.UML:
        shell, client_node = proxy
        return DelayablePath(lambda *argv: shell.run(client_node, *argv), GUEST_DEVICE, passages=2)
    nodes, node = backend
    (route,) = json.loads(nodes.run(node, "ip", "-json", "route", "get", pod_address))
    return DelayablePath(lambda *argv: nodes.run(node, *argv), str(route["dev"]), passages=1)


def concatenated(rounds: Sequence[TargetBlocks], length: int) -> TargetBlocks:
    """Concatenate the blocks of several loads of `length` blocks each, renumbered in order of rounds."""
    numbered = enumerate(rounds)
    return TargetBlocks(tuple(_later(block, number * length) for number, round_ in numbered for block in round_.blocks))


def _later(block: Block, by: int) -> Block:
    return replace(block, number=block.number + by)
