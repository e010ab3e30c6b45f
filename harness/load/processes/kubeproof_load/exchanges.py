"""What is exchanged with a target, each time on a connection or socket of its own unless its name says otherwise.

First packet latency is SYN sent to SYN-ACK received, the SLI that SIG Scalability defines
(https://git.k8s.io/community/sig-scalability/slos/first_packet_latency.md). After `connect` the kernel itself holds it,
in microseconds, as its first estimate of the round trip: `tcpi_rtt` of TCP_INFO (tcp(7), include/uapi/linux/tcp.h).
"""

import socket
import struct
import time
from dataclasses import dataclass

TCP_INFO_BYTES = 104
RTT_OFFSET = 68
TOTAL_RETRANS_OFFSET = 100
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""A connection that is reset leaves nothing behind: no port in TIME_WAIT, on neither side."""

READ_BYTES = 65536


class Unexpected(OSError):
    """An answer came, and it was not the one to this question."""


@dataclass(frozen=True)
class Exchanged:
    """An exchange that ended at `end_s`; `kernel_s` is the kernel's own time, None where it has none to tell.

    An exchange whose SYN was sent more than once took as long as the retransmission timer: `retransmitted`.
    """

    start_s: float
    end_s: float
    kernel_s: float | None = None
    retransmitted: bool = False


class RequestKind:
    """One user's way to exchange something with a target, once and again."""

    def once(self, target, timeout_s):
        """An `Exchanged`. Raises `OSError`."""
        raise NotImplementedError

    def close(self):
        """Let go of what is kept from one exchange to the next."""


class FirstPacket(RequestKind):
    """Opens a connection, asks the kernel how long that took, resets it."""

    def once(self, target, timeout_s):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            start_s = time.monotonic()
            connection.connect((target.address, target.port))
            end_s = time.monotonic()
            kernel_s, retransmitted = handshake(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        return Exchanged(start_s, end_s, kernel_s, retransmitted)


class HttpNew(RequestKind):
    """One GET on a connection of its own, until the answer's last byte; the kernel's time is the first packet's."""

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
        return Exchanged(start_s, end_s, kernel_s, retransmitted)


class HttpKept(RequestKind):
    """One GET on a connection that the user keeps; to open it is no part of the exchange."""

    def __init__(self, path):
        self._path = path
        self._kept = {}

    def once(self, target, timeout_s):
        connection = self._kept.pop(target.label, None) or socket.create_connection(
            (target.address, target.port), timeout_s
        )
        try:
            start_s = time.monotonic()
            connection.sendall(get(target, self._path))
            read_answer(connection)
            end_s = time.monotonic()
        except OSError:
            connection.close()
            raise
        self._kept[target.label] = connection
        return Exchanged(start_s, end_s)

    def close(self):
        while self._kept:
            self._kept.popitem()[1].close()


class Datagram(RequestKind):
    """One datagram and its answer, from a port of its own."""

    def __init__(self, question, is_answer):
        self._question = question
        self._is_answer = is_answer

    def once(self, target, timeout_s):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(timeout_s)
            start_s = time.monotonic()
            asking.connect((target.address, target.port))
            asking.send(self._question)
            answer = asking.recv(READ_BYTES)
            end_s = time.monotonic()
        if not self._is_answer(answer):
            raise Unexpected(f"{len(answer)} bytes that are no answer")
        return Exchanged(start_s, end_s)


def request_kind_of(kind, detail):
    """A new user's exchange. `detail` is the path of an HTTP request, the words of a datagram or a name to look up."""
    if kind == "first_packet":
        return FirstPacket()
    if kind == "http_new":
        return HttpNew(detail)
    if kind == "http_kept":
        return HttpKept(detail)
    if kind == "udp":
        return Datagram(detail.encode(), bool)
    if kind == "dns":
        question = dns_question(detail)
        return Datagram(question, lambda answer: is_dns_answer(question, answer))
    raise ValueError(f"no exchange is called {kind!r}")


def handshake(connection):
    """The kernel's round trip of a new connection in seconds, and whether its SYN was sent more than once."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    rtt_us, retransmits = (struct.unpack_from("=I", info, at)[0] for at in (RTT_OFFSET, TOTAL_RETRANS_OFFSET))
    return rtt_us / 1e6, bool(retransmits) or rtt_us == 0


def get(target, path):
    return f"GET {path} HTTP/1.1\r\nHost: {target.address}:{target.port}\r\n\r\n".encode()


def read_answer(connection):
    """Read one answer, whose length its head tells. Raises `Unexpected` for one that is not 200 OK."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += read_some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if lines[0].split(b" ", 2)[1:2] != [b"200"]:
        raise Unexpected(f"answered {lines[0].decode(errors='replace')}")
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), None)
    if length is None:
        raise Unexpected("an answer that does not tell its length")
    while len(body) < length:
        body += read_some(connection)


def read_some(connection):
    data = connection.recv(READ_BYTES)
    if not data:
        raise ConnectionResetError("the connection ended before the answer")
    return data


def dns_question(name):
    """A question for the name's IPv4 address (RFC 1035, section 4). Answers are told apart by the asking port."""
    labels = b"".join(bytes([len(part)]) + part for part in (part.encode() for part in name.strip(".").split(".")))
    return struct.pack("!HHHHHH", 0x6B70, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def is_dns_answer(question, answer):
    """It answers this question, without an error, with at least one record."""
    if len(answer) < 12:
        return False
    identity, flags, _, records = struct.unpack_from("!HHHH", answer)
    return identity == 0x6B70 and bool(flags & 0x8000) and not flags & 0x000F and records > 0
