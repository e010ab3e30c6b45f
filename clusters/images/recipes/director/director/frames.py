"""Messages on a byte stream: four bytes of length, most significant first, then JSON.

To the guest no more is sent than its line holds. A terminal's buffer has 4,096 bytes; when 128 are left it asks the
driver to stop (drivers/tty/n_tty.c, n_tty_check_throttle), and that of user-mode Linux, told to go on, never reads
again (seen with Linux 6.12: after a question of 4,000 bytes the guest sat in epoll_wait and heard nothing more).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]

LENGTH = struct.Struct("!I")
LARGEST_BYTES = 256 * 1024 * 1024
"""More than the rules of 10,000 Services (about 20 MB); a length above is noise, not a message."""


LINE_HOLDS_BYTES = 2048
"""To the guest; more than it may have read without telling, so that neither end waits for the other."""

READ, TOLD_EVERY_BYTES = "read", 512
"""The event by which the guest tells how much it has read, and how much that is at least."""


class BrokenStream(Exception):
    """The stream holds something that is no message; nothing after it can be understood."""


def encode(message: Message) -> bytes:
    """The frame of `message`."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


class Decoder:
    """Cuts a stream into messages, whatever pieces it arrives in."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Every message that is complete with `data`. Raises `BrokenStream`."""
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
            raise BrokenStream(f"a message of {length} bytes was announced, the largest is {LARGEST_BYTES}")
        return LENGTH.size + int(length)


def _message(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenStream(f"not a message: {body[:80]!r}") from error
    if not isinstance(message, dict):
        raise BrokenStream(f"not a message: {body[:80]!r}")
    return message
