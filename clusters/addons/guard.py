"""Leak guard: a half-programmed proxy must not send a test's packets to somebody's network.

On every node, what pods send may leave the uplink only towards the cluster's own network: its nodes, its
outside clients, and the pods of *other* nodes. What is still addressed to a Service, or to an address of
a documentation network (RFC 5737, used for external addresses and filler endpoints), when it reaches the
uplink is dropped for the node's own packets too. Dropped and counted, not rejected: what a client sees
stays as it would be.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

TABLE = "kubeproof"
UPLINK = "eth0"
DOCUMENTATION_NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
FORWARDED = "forwarded_dropped"
OWN = "own_dropped"


@dataclass(frozen=True, slots=True)
class GuardCount:
    """Packets dropped on one node so far: those of pods, and the node's own."""

    forwarded: int
    own: int


def guard_rules(
    network: str,
    nodes: tuple[str, ...],
    peer_pod_cidrs: tuple[str, ...],
    pod_cidr: str,
    service_cidr: str,
    *,
    masquerade: bool,
) -> str:
    """The node's rules for `nft --file`; loading them again replaces them.

    `network` is the container network's subnet and `nodes` the nodes' addresses in it. `masquerade` is
    for a pod network that does not hide pods' addresses from outside clients, which have no route back.
    """
    allowed = ", ".join((network, *peer_pod_cidrs))
    virtual = ", ".join((service_cidr, *DOCUMENTATION_NETWORKS))
    hiding = (
        f"""
  chain hide_pods_from_outside {{
    type nat hook postrouting priority srcnat + 10; policy accept;
    oifname "{UPLINK}" ip saddr {pod_cidr} ip daddr {network} ip daddr != {{ {", ".join(nodes)} }} masquerade
  }}"""
        if masquerade
        else ""
    )
    return f"""table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  counter {FORWARDED} {{ }}
  counter {OWN} {{ }}
  chain forwarded {{
    type filter hook forward priority filter + 10; policy accept;
    oifname "{UPLINK}" meta nfproto ipv6 counter name {FORWARDED} drop
    oifname "{UPLINK}" ip daddr != {{ {allowed} }} counter name {FORWARDED} drop
  }}
  chain own {{
    type filter hook output priority filter + 10; policy accept;
    oifname "{UPLINK}" ip daddr {{ {virtual} }} counter name {OWN} drop
  }}{hiding}
}}
"""


LIST_COUNTERS = ("nft", "--json", "list", "counters", "table", "inet", TABLE)


def read_guard_count(listing: str) -> GuardCount:
    """What `LIST_COUNTERS` printed on a node. Raises `ValueError` if the guard is not there."""
    packets = {
        entry["counter"]["name"]: int(entry["counter"]["packets"])
        for entry in json.loads(listing)["nftables"]
        if "counter" in entry
    }
    if FORWARDED not in packets or OWN not in packets:
        raise ValueError(f"the leak guard's counters are missing; there are {sorted(packets)}")
    return GuardCount(forwarded=packets[FORWARDED], own=packets[OWN])
