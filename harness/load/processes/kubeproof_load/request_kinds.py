"""The kinds of request. Each request uses a connection or socket of its own unless stated otherwise.

First packet latency is the time from SYN sent to SYN-ACK received, the SLI that SIG Scalability defines
(https://git.k8s.io/community/sig-scalability/slos/first_packet_latency.md). After `connect` the kernel itself has it,
in microseconds, as its first round-trip estimate: `tcpi_rtt` of TCP_INFO (tcp(7), include/uapi/linux/tcp.h).
"""

import socket
import struct
import time
from dataclasses import dataclass

from kubeproof_load.source_ports import choose_from

TCP_INFO_BYTES = 104
RTT_OFFSET = 68
TOTAL_RETRANS_OFFSET = 100
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of 0: close() resets the connection, which leaves no port in TIME_WAIT on either side."""

READ_BYTES = 65536


class UnexpectedAnswer(OSError):
    """An answer came, but not the one that was expected."""


@dataclass(frozen=True)
class Completed:
    """A request that got its answer.

    `start_s` and `end_s` are times of time.monotonic(). `kernel_s` is the round-trip time measured by the kernel, None
    for request kinds without one. `retransmitted` is true if the SYN was sent more than once; the duration is then that
    of the retransmission timer.
    """

    start_s: float
    end_s: float
    kernel_s: float | None = None
    retransmitted: bool = False


class RequestKind:
    """The base of request kinds: one user's way to send requests of one kind."""

    def once(self, target, timeout_s):
        """Send one request and return a `Completed`. Raises `OSError` if it fails."""
        raise NotImplementedError

    def close(self):
        """Close what is kept open between requests."""


class FirstPacket(RequestKind):
    """Open a connection, read the round-trip time from the kernel, and reset the connection."""

    def once(self, target, timeout_s):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            choose_from(connection, target.source_ports)
            start_s = time.monotonic()
            connection.connect((target.address, target.port))
            end_s = time.monotonic()
            kernel_s, retransmitted = handshake(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        return Completed(start_s, end_s, kernel_s, retransmitted)


class HttpNew(RequestKind):
    """One GET on a new connection, until the last byte of the answer; the kernel's time is that of the first packet."""

    def __init__(self, path):
        self._path = path

    def once(self, target, timeout_s):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            start_s = time.monotonic()
            connection.connect((target.address, target.port))
            kernel_s, retransmitted = handshake(connection)
            connection.sendall(get(target, self._path))
            read_answer(connection)
            end_s = time.monotonic()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        return Completed(start_s, end_s, kernel_s, retransmitted)


class HttpKept(RequestKind):
    """One GET on a persistent connection; the time to open it does not count."""

    def __init__(self, path):
        self._path = path
        self._persistent = {}

    def once(self, target, timeout_s):
        connection = self._persistent.pop(target.label, None) or opened(target, timeout_s)
        try:
            start_s = time.monotonic()
            connection.sendall(get(target, self._path))
            read_answer(connection)
            end_s = time.monotonic()
        except OSError:
            connection.close()
            raise
        self._persistent[target.label] = connection
        return Completed(start_s, end_s)

    def close(self):
        while self._persistent:
            self._persistent.popitem()[1].close()


class Datagram(RequestKind):
    """One datagram and its answer, from a new source port."""

    def __init__(self, query, is_answer):
        self._query = query
        self._is_answer = is_answer

    def once(self, target, timeout_s):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(timeout_s)
            start_s = time.monotonic()
            client.connect((target.address, target.port))
            client.send(self._query)
            answer = client.recv(READ_BYTES)
            end_s = time.monotonic()
        if not self._is_answer(answer):
            raise UnexpectedAnswer(f"received {len(answer)} bytes that do not answer the query")
        return Completed(start_s, end_s)


def request_kind_of(kind, detail):
    """Return the request kind for a new user.

    `detail` is the path of an HTTP request, the payload of a UDP datagram or the name of a DNS query. Raises
    `ValueError` for an unknown kind.
    """
    if kind == "first_packet":
        return FirstPacket()
    if kind == "http_new":
        return HttpNew(detail)
    if kind == "http_kept":
        return HttpKept(detail)
    if kind == "udp":
        return Datagram(detail.encode(), bool)
    if kind == "dns":
        query = dns_query(detail)
        return Datagram(query, lambda answer: is_dns_answer(query, answer))
    raise ValueError(f"unknown request kind {kind!r}")


class EachTargets(RequestKind):
    """The kind of request that each target names, or the plan's."""

    def __init__(self, plans, detail):
        self._plans, self._detail = plans, detail
        self._kinds = {}

    def once(self, target, timeout_s):
        kind = target.request_kind or self._plans
        if kind not in self._kinds:
            self._kinds[kind] = request_kind_of(kind, self._detail)
        return self._kinds[kind].once(target, timeout_s)

    def close(self):
        for kind in self._kinds.values():
            kind.close()


def opened(target, timeout_s):
    """Open a connection from the target's source ports."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        choose_from(connection, target.source_ports)
        connection.connect((target.address, target.port))
    except OSError:
        connection.close()
        raise
    return connection


def handshake(connection):
    """Return the kernel's round-trip time of a new connection, in seconds, and whether its SYN was retransmitted."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    rtt_us, retransmits = (struct.unpack_from("=I", info, at)[0] for at in (RTT_OFFSET, TOTAL_RETRANS_OFFSET))
    return rtt_us / 1e6, bool(retransmits) or rtt_us == 0


def get(target, path):
    return f"GET {path} HTTP/1.1\r\nHost: {target.address}:{target.port}\r\n\r\n".encode()


def read_answer(connection):
    """Read one HTTP answer up to its Content-Length.

    Raises `UnexpectedAnswer` for a status other than 200 or a missing Content-Length, and `ConnectionResetError` if the
    connection ends early.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        data += read_some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if lines[0].split(b" ", 2)[1:2] != [b"200"]:
        raise UnexpectedAnswer(f"answered {lines[0].decode(errors='replace')}")
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), None)
    if length is None:
        raise UnexpectedAnswer("answered without a Content-Length")
    while len(body) < length:
        body += read_some(connection)


def read_some(connection):
    data = connection.recv(READ_BYTES)
    if not data:
        raise ConnectionResetError("the connection ended before the answer")
    return data


def dns_query(name):
    """Return a query for the name's IPv4 address (RFC 1035, section 4).

    Every query has the same id; answers are matched to queries by the source port of the query.
    """
    labels = b"".join(bytes([len(part)]) + part for part in (part.encode() for part in name.strip(".").split(".")))
    return struct.pack("!HHHHHH", 0x6B70, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def is_dns_answer(query, answer):
    """Return whether `answer` has the id and the question of `query`, no error and at least one record.

    A server repeats the question unchanged, right behind the header.
    """
    if len(answer) < 12:
        return False
    flags, questions, records = struct.unpack_from("!HHH", answer, 2)
    same = answer[:2] == query[:2] and questions == 1 and answer[12:].startswith(query[12:])
    return same and bool(flags & 0x8000) and not flags & 0x000F and records > 0
