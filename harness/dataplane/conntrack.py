"""The connection tracking table, the same in every mode."""

from __future__ import annotations

from clusters.cluster import Node
from harness.dataplane.shell import ProxyShell


def entry_count(shell: ProxyShell, node: Node) -> int:
    """How many entries there are in all."""
    return int(shell.run(node, "conntrack", "-C").split()[-1])


def entry_limit(shell: ProxyShell, node: Node) -> int:
    """How many entries there may be."""
    return int(shell.run(node, "cat", "/proc/sys/net/netfilter/nf_conntrack_max"))


def entries_of(shell: ProxyShell, node: Node, address: str) -> tuple[str, ...]:
    """Entries in which `address` takes part, in either direction, one line each."""
    listing = shell.run(node, "conntrack", "-L")
    return tuple(line for line in listing.splitlines() if f"={address} " in f"{line} ")
