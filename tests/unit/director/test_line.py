import asyncio
import socket

import pytest
from director.frames import UNREAD_LIMIT_BYTES, Decoder, encode
from director.kernel import Stream
from director.line import GuestUnavailable, Line


class Guest:
    """The guest's end of the line: reads requests one by one, and sends what the test asks for."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self._decoder = Decoder()
        self._read = []

    async def next(self):
        while not self._read:
            await self.take()
        return self._read.pop(0)

    async def take(self):
        """Read once, send the event "read", and return the number of bytes."""
        data = await self.reader.read(4096)
        self._read += self._decoder.feed(data)
        self.send(event="read", bytes=len(data))
        return len(data)

    def send(self, **message):
        self.writer.write(encode(message))


def with_line(story):
    """Run `story(line, guest)` while the line is read, and return the events."""
    events = []

    async def play():
        director_end, guest_end = socket.socketpair()
        stream = Stream(*await asyncio.open_connection(sock=director_end))
        line, guest = Line(stream), Guest(*await asyncio.open_connection(sock=guest_end))

        async def read():
            async for event in line.events():
                events.append(event)

        reading = asyncio.create_task(read())
        await story(line, guest)
        guest.writer.close()
        await reading
        stream.writer.close()

    asyncio.run(play())
    return events


def test_replies_are_matched_to_requests_in_any_order():
    async def story(line, guest):
        line.allow_requests()
        first = asyncio.create_task(line.ask({"ask": "a"}, 5))
        second = asyncio.create_task(line.ask({"ask": "b"}, 5))
        a, b = await guest.next(), await guest.next()
        guest.send(number=b["number"], text="to b")
        guest.send(number=a["number"], text="to a")
        assert ((await first)["text"], (await second)["text"]) == ("to a", "to b")

    assert with_line(story) == []


def test_a_message_without_a_number_is_an_event():
    async def story(line, guest):
        guest.send(event="addresses", addresses=["203.0.113.5"])

    assert with_line(story) == [{"event": "addresses", "addresses": ["203.0.113.5"]}]


def test_a_booting_guest_gets_no_requests():
    """A probe's request once arrived before the start message, and the guest's first process failed."""

    async def story(line, guest):
        with pytest.raises(GuestUnavailable, match="still booting"):
            await line.ask({"ask": "ready"}, 5)
        line.send_start({"node_name": "worker"})
        with pytest.raises(GuestUnavailable, match="still booting"):
            await line.ask({"ask": "ready"}, 5)
        assert await guest.next() == {"node_name": "worker"}

    with_line(story)


def test_a_late_reply_is_dropped():
    async def story(line, guest):
        line.allow_requests()
        with pytest.raises(GuestUnavailable, match=r"did not reply to .*ready.* within 0.01 s"):
            await line.ask({"ask": "ready"}, 0.01)
        guest.send(number=(await guest.next())["number"])

    assert with_line(story) == []


def test_requests_fail_after_the_guest_has_closed_the_line():
    async def story(line, guest):
        line.allow_requests()
        request = asyncio.create_task(line.ask({"ask": "ready"}, 5))
        await guest.next()
        guest.writer.close()
        with pytest.raises(GuestUnavailable, match="has closed its line"):
            await request
        with pytest.raises(GuestUnavailable, match="has closed its line"):
            await line.ask({"ask": "ready"}, 5)

    with_line(story)


def test_a_long_request_is_sent_in_pieces_within_the_limit_of_unread_bytes():
    """User-mode Linux never reads its line again once the terminal's buffer was almost full."""
    program = "x" * 3 * UNREAD_LIMIT_BYTES

    async def story(line, guest):
        line.allow_requests()
        long = asyncio.create_task(line.ask({"argv": ["python3", "-c", program]}, 5))
        short = asyncio.create_task(line.ask({"ask": "ready"}, 5))
        pieces = [await guest.take() for _ in range(3)]
        assert max(pieces) <= UNREAD_LIMIT_BYTES
        requests = [await guest.next() for _ in range(2)]
        assert requests[0]["argv"][-1] == program
        for request in requests:
            guest.send(number=request["number"], text="done")
        assert ((await long)["text"], (await short)["text"]) == ("done", "done")

    assert with_line(story) == []


def test_no_more_is_sent_than_the_guest_may_leave_unread():
    async def story(line, guest):
        line.allow_requests()
        requests = [asyncio.create_task(line.ask({"ask": "ready", "padding": "x" * 100}, 5)) for _ in range(40)]
        await asyncio.sleep(0)  # Lets the tasks send their requests; no time passes.
        assert len(await guest.reader.read(100_000)) == UNREAD_LIMIT_BYTES
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(guest.reader.read(1), 0.05)
        for request in requests:
            request.cancel()

    with_line(story)
