"""Our end of the guest's serial line: questions with answers, and events.

The guest says that it is up, we tell it what it has to know, it says that it is running, and only from then
on it can be asked: before, its line is not open, or not set up, and whatever is sent gets lost or garbled. A
question carries a number that its answer repeats; what comes without a number is an event. What the line does not
hold waits here until the guest has read what was before it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

from director.frames import LINE_HOLDS_BYTES, READ, Decoder, Message, encode
from director.kernel import CHUNK_BYTES, Stream


class GuestSilent(Exception):
    """The guest did not answer in time, or its line ended."""


class Line:
    """Asks the guest. `events` has to be read all the time, because answers arrive by the same way."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._refusal = "the guest is still booting"
        self._unsent = bytearray()
        self._unread_bytes = 0

    def tell(self, start: Message) -> None:
        """Tell the guest that is up what it has to know."""
        self._send(start)

    def allow_questions(self) -> None:
        """The guest is running."""
        self._refusal = ""

    async def ask(self, question: Message, timeout_s: float) -> Message:
        """The guest's answer. Raises `GuestSilent`, at once if the guest is not running."""
        if self._refusal:
            raise GuestSilent(self._refusal)
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send({**question, "number": number})
        try:
            return await asyncio.wait_for(answer, timeout_s)
        except TimeoutError as late:
            raise GuestSilent(f"the guest did not answer {question} within {timeout_s:g} s") from late
        finally:
            del self._waiting[number]

    async def events(self) -> AsyncIterator[Message]:
        """What the guest says unasked, until its line ends. Raises `BrokenStream`."""
        decoder = Decoder()
        try:
            while data := await self._stream.reader.read(CHUNK_BYTES):
                for message in decoder.feed(data):
                    if message.get("event") == READ:
                        self._unread_bytes -= message["bytes"]
                        self._send_what_fits()
                    elif "number" not in message:
                        yield message
                    # An answer that nobody waits for any more came too late.
                    elif (waiting := self._waiting.get(message["number"])) and not waiting.done():
                        waiting.set_result(message)
        finally:
            self._refusal = "the guest's line has ended"
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(GuestSilent(self._refusal))

    def _send(self, message: Message) -> None:
        """Behind whatever waits already."""
        self._unsent += encode(message)
        self._send_what_fits()

    def _send_what_fits(self) -> None:
        piece = bytes(self._unsent[: LINE_HOLDS_BYTES - self._unread_bytes])
        del self._unsent[: len(piece)]
        self._unread_bytes += len(piece)
        self._stream.writer.write(piece)
