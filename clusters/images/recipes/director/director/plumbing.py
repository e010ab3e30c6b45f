"""The node's devices, routes and nftables rules, which send traffic for Services to the guest.

Each start removes and installs them again, so that the container can be restarted; `remove` leaves the node as it
was before. nftables loads the rules in one transaction, so that they are never partly installed.

A packet to a Service goes from the client to the node, to the guest (where kube-proxy's rules choose the endpoint),
back to the node, and to the endpoint. The node marks the connection that comes out of the guest. Reply packets get
that mark, and the mark selects a routing table whose only route leads to the guest, which reverses the DNAT.

The devices are a veth pair: the node uses one end, the guest reads and writes the other through packet sockets. A
TUN/TAP device is not used because it signals a packet before the packet can be read. A guest that reads earlier finds
the packet only when the next one arrives: of 29,000 connections three got stuck that way. Of 61,000 connections over
packet sockets none did.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from director.host import Host, HostCommandFailed

DEVICE = "ipvs0"
GUEST_DEVICE = "ipvs0-guest"
"""The node's end and the guest's end of the veth pair; both are in the node's network namespace."""

NODE_ADDRESS = "169.254.77.1"
GUEST_ADDRESS = "169.254.77.2"
PREFIX_LENGTH = 30

ROUTING_TABLE = "77"

MARK = "0x100000"
"""The connection and packet mark: a bit that neither kube-proxy (0x4000, 0x8000) nor the CNI plugins (0x2000) use."""

NFT_TABLE = "kubeproof_director"
NODE_PORTS = "30000-32767"
"""The API server's default range, which also contains the health check node ports of Services."""

HEALTH_PORT = 10256
METRICS_PORT = 10249


def rules() -> str:
    """Return the node's rules, as input for `nft --file -`. Loading them again replaces them.

    The chain `forward` drops two kinds of packets. A packet that comes from the guest and is routed back to it was
    addressed to a Service that does not exist: it would loop until its TTL expires. The leak guard does the same on
    the uplink. A packet addressed to the guest itself is dropped unless it is traffic to a NodePort or to the health
    port, which DNAT redirects to the guest.
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


def install_commands(service_cidr: str) -> tuple[tuple[str, ...], ...]:
    """Return the commands that create devices and routes, in order. Run `remove_commands` first."""
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
    """Return the kernel settings of the node, as files and values.

    Packets come out of the guest with the client's source address. That address belongs to another device (hence the
    loose reverse path filter) or to the node itself (hence accept_local).
    """
    device = Path("/proc/sys/net/ipv4/conf") / DEVICE
    return (
        (device / "rp_filter", "2"),
        (device / "accept_local", "1"),
        (device / "send_redirects", "0"),
        (Path("/proc/sys/net/ipv4/ip_forward"), "1"),
    )


def remove_commands() -> tuple[tuple[str, ...], ...]:
    """Return the commands that remove rules, devices and routes. Each fails if its object does not exist.

    The kernel removes the routes together with the device.
    """
    return (
        ("nft", "delete", "table", "ip", NFT_TABLE),
        ("ip", "rule", "delete", "fwmark", f"{MARK}/{MARK}", "lookup", ROUTING_TABLE),
        ("ip", "link", "delete", DEVICE),
    )


def install(host: Host, service_cidr: str) -> None:
    """Remove what an earlier start left, and install everything. Raises `HostCommandFailed`, `OSError`."""
    remove(host)
    for argv in install_commands(service_cidr):
        host.run(argv)
    for file, value in settings():
        host.write(file, value)
    host.run(("nft", "--file", "-"), stdin=rules())


def remove(host: Host) -> None:
    """Remove everything that `install` creates. Succeeds if nothing is there."""
    for argv in remove_commands():
        with contextlib.suppress(HostCommandFailed):  # The object does not exist.
            host.run(argv)
