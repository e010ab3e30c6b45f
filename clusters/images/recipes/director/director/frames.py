"""Messages on a byte stream: four bytes of length, most significant first, then JSON."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]

LENGTH = struct.Struct("!I")
LARGEST_BYTES = 256 * 1024 * 1024
"""More than the rules of 10,000 Services (about 20 MB); a length above is noise, not a message."""


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
