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
class Losses:
    """What the kernel counts as lost: entries that had to go before their time, packets that were dropped, and new
    entries that were not inserted."""

    evicted: int
    dropped: int
    not_inserted: int

    def since(self, before: Losses) -> Losses:
        return Losses(
            self.evicted - before.evicted, self.dropped - before.dropped, self.not_inserted - before.not_inserted
        )

    @property
    def turned_away(self) -> int:
        """Packets that were dropped because there was no room, at least so many.

        Where two connections would have the same addresses and ports, the later one's packet is dropped, too; that is
        counted as not inserted as well (`nf_ct_resolve_clash` in net/netfilter/nf_conntrack_core.c).
        """
        return max(0, self.dropped - self.not_inserted)

    @property
    def table_was_full(self) -> bool:
        """How many entries there are does not tell: once the table has been full, the kernel takes those that are
        closed away until it is at 95% (`gc_worker` in net/netfilter/nf_conntrack_core.c)."""
        return self.evicted > 0 or self.turned_away > 0


def losses(shell: ProxyShell, node: Node) -> Losses:
    """Since the node's network began, over all processors."""
    counted: Counter[str] = Counter()
    for name, number in re.findall(r"(\w+)=(\d+)", shell.run(node, "conntrack", "-S")):
        counted[name] += int(number)
    return Losses(counted["early_drop"], counted["drop"], counted["insert_failed"])


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
