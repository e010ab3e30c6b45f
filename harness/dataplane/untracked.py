"""A path to a pod without connection tracking and NAT: the control of first packets.

The kernel passes packets through its NAT rules only while it tracks their connection (`nf_nat_inet_fn` in
net/netfilter/nf_nat_core.c), so a connection without tracking traverses none of kube-proxy's rules that choose
endpoints, on any node. It crosses the same devices, routes and pod as a connection to a Service. What a Service costs
is the difference of the two.

On substrate `uml` connections to a Service also pass through the user-mode Linux of the client's node, in both
directions. A packet mark sends those to the pod through it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from clusters.cluster import Cluster, Node
from clusters.spec import Substrate
from harness.dataplane.shell import ProxyShell
from harness.kube.nodes.shell import NodeShell

TABLE = "kubeproof_untracked"
REMOVE = f"add table ip {TABLE}; delete table ip {TABLE}"
"""Removes the rules; adding the table first makes that succeed without them, too."""

GUEST_DEVICE, GUEST_MARK = "ipvs0", "0x100000"
"""The device that leads to a node's user-mode Linux, and the packet mark that selects it
(clusters/images/recipes/director/director/plumbing.py)."""


def rules(address: str, port: int, *, through_guest: bool = False) -> str:
    """Return nftables rules that leave connections to a pod's port untracked, in both directions.

    With `through_guest` they also send their packets to the node's user-mode Linux, unless they come from it.
    """
    to_guest = f'iifname != "{GUEST_DEVICE}" meta mark set meta mark or {GUEST_MARK}' if through_guest else ""
    return f"""{REMOVE}
table ip {TABLE} {{
  chain prerouting {{
    type filter hook prerouting priority raw; policy accept;
    ip daddr {address} tcp dport {port} notrack {to_guest}
    ip saddr {address} tcp sport {port} notrack {to_guest}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class UntrackedPaths:
    """Opens paths without connection tracking on the nodes of a cluster."""

    cluster: Cluster
    nodes: NodeShell
    proxies: ProxyShell

    @contextmanager
    def opened(self, address: str, port: int, *, client_node: Node, server_node: Node) -> Iterator[None]:
        """Leave connections from pods on `client_node` to this port of a pod on `server_node` untracked.

        One path can be open at a time on each node. Raises `CommandFailed` if a kernel refuses the rules.
        """
        through_guest = self.cluster.substrate is Substrate.UML
        with ExitStack() as ends:
            for node in (client_node, server_node):
                ends.callback(self.nodes.run, node, "nft", REMOVE)
                marked = through_guest and node == client_node
                self.nodes.run(node, "nft", rules(address, port, through_guest=marked))
            if through_guest:
                ends.callback(self.proxies.run, client_node, "nft", REMOVE)
                self.proxies.run(client_node, "nft", rules(address, port))
            yield
