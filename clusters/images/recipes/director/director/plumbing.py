"""What the node needs to hand Services to the guest: a pair of devices, routes, and nftables rules.

Everything is in a table, chain or route of its own and laid anew at each start, so a restart in place
works; `remove` leaves the node as it was. Rules are nftables' own, because one file is one transaction:
there is no moment with half of them.

The way of a packet to a Service: client, node, guest (there kube-proxy's rules choose the endpoint), node,
endpoint. The connection that comes out of the guest is marked; packets of its other direction carry the
mark into a routing table whose only route leads back into the guest, which undoes the choice.

The devices are a veth pair: the node has one end, the guest reads and writes the other by packet sockets.
A TUN/TAP device would do, but it signals a packet before the packet can be read, and a guest that is
quicker than that finds it only with the next one: of 29,000 connections three got stuck so. Of 61,000 over
packet sockets none did.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from director.host import Host, HostCommandFailed

DEVICE = "ipvs0"
GUEST_DEVICE = "ipvs0-guest"
"""The node's end, and the end that the guest uses; both are in the node's network namespace."""

NODE_ADDRESS = "169.254.77.1"
GUEST_ADDRESS = "169.254.77.2"
PREFIX_LENGTH = 30

ROUTING_TABLE = "77"

MARK = "0x100000"
"""One bit that neither kube-proxy (0x4000, 0x8000) nor the CNI plugins (0x2000) use."""

NFT_TABLE = "kubeproof_director"
NODE_PORTS = "30000-32767"
"""The API server's default; health check ports of Services are taken from the same range."""
HEALTH_PORT = 10256
METRICS_PORT = 10249


def rules() -> str:
    """The node's rules for `nft --file -`; loading them again replaces them.

    What leaves the guest towards the guest again was addressed to no Service that exists; it would go
    round until its hop limit ends, and is dropped, as the leak guard would do on the uplink. Nothing but
    NodePorts reaches the guest by its own address.
    """
    to_node_port = (
        f"fib daddr type local meta l4proto {{ tcp, udp, sctp }} th dport {NODE_PORTS} dnat to {GUEST_ADDRESS}"
    )
    to_health_port = f"fib daddr type local tcp dport {HEALTH_PORT} dnat to {GUEST_ADDRESS}"
    marked = f"ct mark and {MARK} == {MARK} meta mark set meta mark or {MARK}"
    return f"""table ip {NFT_TABLE}
delete table ip {NFT_TABLE}
table ip {NFT_TABLE} {{
  chain marks {{
    type filter hook prerouting priority mangle; policy accept;
    iifname "{DEVICE}" ct state new ct mark set ct mark or {MARK}
    iifname != "{DEVICE}" {marked}
  }}
  chain marks_of_own_replies {{
    type route hook output priority mangle; policy accept;
    ct direction reply {marked}
  }}
  chain node_ports {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname != "{DEVICE}" {to_node_port}
    iifname != "{DEVICE}" {to_health_port}
  }}
  chain own_node_ports {{
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 {to_node_port}
    ip daddr != 127.0.0.0/8 {to_health_port}
  }}
  chain hide_guest {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "{DEVICE}" ip saddr {GUEST_ADDRESS} masquerade
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{DEVICE}" oifname "{DEVICE}" counter drop
    oifname "{DEVICE}" ip daddr {GUEST_ADDRESS} ct state new ct status and dnat == 0 counter drop
  }}
}}
"""


def laying(service_cidr: str) -> tuple[tuple[str, ...], ...]:
    """The commands that lay device and routes, in order; `clearing` ran before."""
    return (
        ("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", GUEST_DEVICE),
        ("ip", "link", "set", GUEST_DEVICE, "up"),
        ("ip", "address", "add", f"{NODE_ADDRESS}/{PREFIX_LENGTH}", "dev", DEVICE),
        ("ip", "link", "set", DEVICE, "up"),
        ("ip", "route", "replace", service_cidr, "via", GUEST_ADDRESS, "dev", DEVICE),
        ("ip", "route", "replace", "default", "via", GUEST_ADDRESS, "dev", DEVICE, "table", ROUTING_TABLE),
        ("ip", "rule", "add", "fwmark", f"{MARK}/{MARK}", "lookup", ROUTING_TABLE),
    )


def settings() -> tuple[tuple[Path, str], ...]:
    """Kernel settings of the node: file and value.

    Packets come out of the guest with the client's address, which the node knows elsewhere (loose reverse
    path filter) or has itself (accept_local).
    """
    device = Path("/proc/sys/net/ipv4/conf") / DEVICE
    return (
        (device / "rp_filter", "2"),
        (device / "accept_local", "1"),
        (device / "send_redirects", "0"),
        (Path("/proc/sys/net/ipv4/ip_forward"), "1"),
    )


def clearing() -> tuple[tuple[str, ...], ...]:
    """The commands that remove what an earlier start left; each may fail because nothing is there.

    The routes go with the device.
    """
    return (
        ("nft", "delete", "table", "ip", NFT_TABLE),
        ("ip", "rule", "delete", "fwmark", f"{MARK}/{MARK}", "lookup", ROUTING_TABLE),
        ("ip", "link", "delete", DEVICE),
    )


def lay(host: Host, service_cidr: str) -> None:
    """Lay everything anew. Raises `HostCommandFailed`, `OSError`."""
    remove(host)
    for argv in laying(service_cidr):
        host.run(argv)
    for file, value in settings():
        host.write(file, value)
    host.run(("nft", "--file", "-"), stdin=rules())


def remove(host: Host) -> None:
    """Leave the node as it was before `lay`; nothing there is a success."""
    for argv in clearing():
        with contextlib.suppress(HostCommandFailed):  # Whatever is not there needs no removal.
            host.run(argv)
