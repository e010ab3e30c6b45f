"""The message format on a byte stream: the length in four bytes, most significant first, then JSON.

The director limits the bytes that the guest has not read yet. A terminal's buffer has 4,096 bytes; when 128 are left,
the terminal throttles its driver (drivers/tty/n_tty.c, n_tty_check_throttle). User-mode Linux's driver never reads
again after it has been unthrottled (seen with Linux 6.12: after a request of 4,000 bytes the guest stayed in
epoll_wait and received nothing more).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]

LENGTH = struct.Struct("!I")
LARGEST_BYTES = 256 * 1024 * 1024
"""More than the rules of 10,000 Services (about 20 MB). A greater length means that the stream is corrupt."""

UNREAD_LIMIT_BYTES = 2048
"""The maximum number of bytes sent to the guest that it has not reported as read.

It is more than `REPORT_EVERY_BYTES`, otherwise each end could wait for the other.
"""

READ, REPORT_EVERY_BYTES = "read", 512
"""The event with which the guest reports how many bytes it has read, and the number of bytes that triggers it."""


class BrokenStream(Exception):
    """The stream contains bytes that are not a message, so that the rest of it cannot be decoded."""


def encode(message: Message) -> bytes:
    """Return the length and the JSON of `message`."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


class Decoder:
    """Splits a stream into messages; the stream may arrive in pieces of any size."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield every message that `data` completes. Raises `BrokenStream`."""
        self._bytes += data
        while (end := self._end()) is not None and len(self._bytes) >= end:
            body = bytes(self._bytes[LENGTH.size : end])
            del self._bytes[:end]
            yield _message(body)

    def _end(self) -> int | None:
        if len(self._bytes) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._bytes)
        if length > LARGEST_BYTES:
            raise BrokenStream(f"the stream announced a message of {length} bytes, the limit is {LARGEST_BYTES}")
        return LENGTH.size + int(length)


def _message(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenStream(f"not a message: {body[:80]!r}") from error
    if not isinstance(message, dict):
        raise BrokenStream(f"not a message: {body[:80]!r}")
    return message
