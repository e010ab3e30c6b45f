"""Readers of a node's connection tracking table (conntrack), which every mode uses in the same way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clusters.cluster import Node
from harness.dataplane.shell import ProxyShell

TCP_ENTRY = re.compile(r"^tcp\s+\d+ \d+ (?P<state>\w+) (?P<original>src=\S+ dst=\S+ sport=\d+ dport=\d+) ")
"""A line of `conntrack -L` about TCP: protocol, its number, seconds left, state, and the first packet's addresses."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The kernel's counters of losses: entries evicted early, packets dropped, and new entries not inserted."""

    evicted: int
    dropped: int
    not_inserted: int

    def since(self, before: Losses) -> Losses:
        return Losses(
            self.evicted - before.evicted, self.dropped - before.dropped, self.not_inserted - before.not_inserted
        )

    @property
    def dropped_when_full(self) -> int:
        """Return the number of packets that were dropped because the table was full; at least that many were.

        If two connections would get the same addresses and ports, the kernel drops the later one's packet, too, and
        also counts it as not inserted (`nf_ct_resolve_clash` in net/netfilter/nf_conntrack_core.c). So the packets
        that were not inserted are subtracted.
        """
        return max(0, self.dropped - self.not_inserted)

    @property
    def table_was_full(self) -> bool:
        """Return whether the table has been full.

        The number of entries does not show that afterwards: once the table has been full, the kernel removes entries
        of closed connections until it is 95% full (`gc_worker` in net/netfilter/nf_conntrack_core.c).
        """
        return self.evicted > 0 or self.dropped_when_full > 0


def losses(shell: ProxyShell, node: Node) -> Losses:
    """Return the losses since the node's network namespace was created, summed over all CPUs."""
    totals: Counter[str] = Counter()
    for name, number in re.findall(r"(\w+)=(\d+)", shell.run(node, "conntrack", "-S")):
        totals[name] += int(number)
    return Losses(totals["early_drop"], totals["drop"], totals["insert_failed"])


def entry_count(shell: ProxyShell, node: Node) -> int:
    """Return the number of entries in the table."""
    return int(shell.run(node, "conntrack", "-C").split()[-1])


def entry_limit(shell: ProxyShell, node: Node) -> int:
    """Return the largest number of entries that the table may have."""
    return int(shell.run(node, "cat", "/proc/sys/net/netfilter/nf_conntrack_max"))


@contextmanager
def limited_entries(shell: ProxyShell, node: Node, most: int) -> Iterator[None]:
    """Limit the table to `most` entries while the block lasts. kube-proxy never lowers the limit, it only raises it.

    Only for nodes with a kernel of their own.
    """
    before = entry_limit(shell, node)
    _limit_entries(shell, node, most)
    try:
        yield
    finally:
        _limit_entries(shell, node, before)


def _limit_entries(shell: ProxyShell, node: Node, most: int) -> None:
    shell.run(node, "sysctl", "-q", "-w", f"net.netfilter.nf_conntrack_max={most}")


def entries_of(shell: ProxyShell, node: Node, address: str) -> tuple[str, ...]:
    """Return the entries that contain `address` in either direction, one line per entry."""
    listing = shell.run(node, "conntrack", "-L")
    return tuple(line for line in listing.splitlines() if f"={address} " in f"{line} ")


def tcp_entries(shell: ProxyShell, node: Node, address: str) -> dict[str, str]:
    """Return the state of each tracked TCP connection to or from `address`, by its first packet's addresses and ports.

    Example: {"src=10.244.1.7 dst=10.96.12.1 sport=40112 dport=80": "ESTABLISHED"}.
    """
    lines = map(TCP_ENTRY.match, entries_of(shell, node, address))
    return {found["original"]: found["state"] for found in lines if found}
