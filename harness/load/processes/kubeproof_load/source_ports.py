"""Source ports: each address that a plan connects to gets ports of its own.

ipvs finds the connection that an answer belongs to by client and backend, not by Service. If two Services share a
backend, and a client uses the same source port for both within seconds, answers of one connection seem to come from the
other Service (https://github.com/kubernetes/kubernetes/issues/107249). Left to itself, Linux may choose the same source
port for connections to different addresses.
"""

import socket
import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
IP_LOCAL_PORT_RANGE = 51
"""An option of ip(7) since Linux 6.3, for which Python has no name."""


def separated(targets, ports):
    """Return the targets with source ports; `ports` are the first and the last port, which the addresses share."""
    addresses = sorted({(target.address, target.port) for target in targets})
    size = (ports[1] - ports[0] + 1) // len(addresses)
    first = {address: ports[0] + size * number for number, address in enumerate(addresses)}
    return [_from_ports(target, first[target.address, target.port], size) for target in targets]


def _from_ports(target, first, size):
    return replace(target, source_ports=(first, first + size - 1))


def local_ports():
    """Return the first and the last port from which Linux chooses."""
    first, last = RANGE_FILE.read_text().split()
    return int(first), int(last)


def choose_from(connection, source_ports):
    """Let Linux choose the connection's source port from these; before Linux 6.3 it chooses from all."""
    if source_ports is None:
        return
    first, last = source_ports
    with suppress(OSError):
        connection.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("=I", last << 16 | first))
