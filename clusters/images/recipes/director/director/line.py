"""The director's end of the guest's serial line: requests with replies, and events.

The guest sends the event "up", the director sends the start message, and the guest sends the event "running". The
guest accepts requests only after that: before, its line is not open or not in raw mode, and input is lost or garbled.
Each request has a number, which the reply repeats; a message without a number is an event. No more than
`UNREAD_LIMIT_BYTES` are sent until the guest has reported earlier bytes as read; the rest is buffered here.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

from director.frames import READ, UNREAD_LIMIT_BYTES, Decoder, Message, encode
from director.kernel import CHUNK_BYTES, Stream


class GuestUnavailable(Exception):
    """The guest is still booting, did not reply in time, or has closed its line."""


class Line:
    """Sends requests to the guest. Replies are only received while `events` is iterated."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Message]] = {}
        self._unavailable = "the guest is still booting"
        self._unsent = bytearray()
        self._unread_bytes = 0

    def send_start(self, start: Message) -> None:
        """Send the start message, after the event "up"."""
        self._send(start)

    def allow_requests(self) -> None:
        """Allow requests, after the event "running"."""
        self._unavailable = ""

    async def ask(self, request: Message, timeout_s: float) -> Message:
        """Send a request and return the reply. Raises `GuestUnavailable`, at once if the guest is not running."""
        if self._unavailable:
            raise GuestUnavailable(self._unavailable)
        number = next(self._numbers)
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[number] = reply
        self._send({**request, "number": number})
        try:
            return await asyncio.wait_for(reply, timeout_s)
        except TimeoutError as late:
            raise GuestUnavailable(f"the guest did not reply to {request} within {timeout_s:g} s") from late
        finally:
            del self._pending[number]

    async def events(self) -> AsyncIterator[Message]:
        """Yield the guest's events until its line ends. Raises `BrokenStream`."""
        decoder = Decoder()
        try:
            while data := await self._stream.reader.read(CHUNK_BYTES):
                for message in decoder.feed(data):
                    if message.get("event") == READ:
                        self._unread_bytes -= message["bytes"]
                        self._send_what_fits()
                    elif "number" not in message:
                        yield message
                    # A reply to a request that has timed out is dropped.
                    elif (pending := self._pending.get(message["number"])) and not pending.done():
                        pending.set_result(message)
        finally:
            self._unavailable = "the guest has closed its line"
            for pending in self._pending.values():
                if not pending.done():
                    pending.set_exception(GuestUnavailable(self._unavailable))

    def _send(self, message: Message) -> None:
        """Append a message to the buffer, and send as much of the buffer as is allowed."""
        self._unsent += encode(message)
        self._send_what_fits()

    def _send_what_fits(self) -> None:
        piece = bytes(self._unsent[: UNREAD_LIMIT_BYTES - self._unread_bytes])
        del self._unsent[: len(piece)]
        self._unread_bytes += len(piece)
        self._stream.writer.write(piece)
