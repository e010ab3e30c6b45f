"""The connection tracking table, the same in every mode."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clusters.cluster import Node
from harness.dataplane.shell import ProxyShell


@dataclass(frozen=True, slots=True)
class Overflow:
    """What the table being full has cost until now: entries that had to go before their time, and packets."""

    evicted: int
    dropped: int

    def since(self, before: Overflow) -> Overflow:
        return Overflow(self.evicted - before.evicted, self.dropped - before.dropped)


def overflow(shell: ProxyShell, node: Node) -> Overflow:
    """As the kernel counts it, for each processor.

    How many entries there are does not tell: once the table has been full, the kernel takes those that are closed away
    until it is at 95% (`gc_worker` in net/netfilter/nf_conntrack_core.c).
    """
    counted: Counter[str] = Counter()
    for name, number in re.findall(r"(\w+)=(\d+)", shell.run(node, "conntrack", "-S")):
        counted[name] += int(number)
    return Overflow(counted["early_drop"], counted["drop"])


def entry_count(shell: ProxyShell, node: Node) -> int:
    """How many entries there are in all."""
    return int(shell.run(node, "conntrack", "-C").split()[-1])


def entry_limit(shell: ProxyShell, node: Node) -> int:
    """How many entries there may be."""
    return int(shell.run(node, "cat", "/proc/sys/net/netfilter/nf_conntrack_max"))


@contextmanager
def fewer_entries(shell: ProxyShell, node: Node, most: int) -> Iterator[None]:
    """In the block there may be no more; where the node has the kernel for itself. kube-proxy only ever raises it."""
    before = entry_limit(shell, node)
    _limit_entries(shell, node, most)
    try:
        yield
    finally:
        _limit_entries(shell, node, before)


def _limit_entries(shell: ProxyShell, node: Node, most: int) -> None:
    shell.run(node, "sysctl", "-q", "-w", f"net.netfilter.nf_conntrack_max={most}")


def entries_of(shell: ProxyShell, node: Node, address: str) -> tuple[str, ...]:
    """Entries in which `address` takes part, in either direction, one line each."""
    listing = shell.run(node, "conntrack", "-L")
    return tuple(line for line in listing.splitlines() if f"={address} " in f"{line} ")
