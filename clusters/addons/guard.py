"""The leak guard: rules that stop a test's packets from reaching other networks if kube-proxy is not fully programmed.

On every node, packets of pods may leave through the uplink only to the cluster's own network: its nodes, its outside
clients, and the pods of *other* nodes. Packets that still have the address of a Service, or of a documentation network
(RFC 5737, used for external addresses and for endpoints of dummy Services), at the uplink are dropped too, also if the
node itself sends them. The guard drops and counts packets and does not reject them, so that clients see no difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from clusters.errors import ClusterNotReady

TABLE = "kubeproof"
UPLINK = "eth0"
DOCUMENTATION_NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
FORWARDED = "forwarded_dropped"
OWN = "own_dropped"


@dataclass(frozen=True, slots=True)
class GuardCount:
    """The packets that the guard has dropped on one node so far: those of pods, and the node's own."""

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
    """Return the node's rules for `nft --file`. Loading them again replaces them.

    `network` is the container network's subnet and `nodes` the nodes' addresses in it. `masquerade` is for a pod
    network that does not masquerade pods' addresses for outside clients, which have no route back to pods.
    """
    allowed = ", ".join((network, *peer_pod_cidrs))
    virtual = ", ".join((service_cidr, *DOCUMENTATION_NETWORKS))
    masquerading = (
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
  }}{masquerading}
}}
"""


LIST_COUNTERS = ("nft", "--json", "list", "counters", "table", "inet", TABLE)
"""The command that prints the guard's counters."""


def read_guard_count(listing: str) -> GuardCount:
    """Return the counters in the output of `LIST_COUNTERS`. Raises `ClusterNotReady` if the guard is not loaded."""
    try:
        packets = {
            entry["counter"]["name"]: int(entry["counter"]["packets"])
            for entry in json.loads(listing)["nftables"]
            if "counter" in entry
        }
    except (ValueError, KeyError, TypeError) as failure:
        raise ClusterNotReady(f"the leak guard's counters are unreadable: {listing[:200]!r}") from failure
    if FORWARDED not in packets or OWN not in packets:
        raise ClusterNotReady(f"the leak guard's counters are missing; there are {sorted(packets)}")
    return GuardCount(forwarded=packets[FORWARDED], own=packets[OWN])
