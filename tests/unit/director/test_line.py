import asyncio
import socket

import pytest
from director.frames import LINE_HOLDS_BYTES, Decoder, encode
from director.kernel import Stream
from director.line import GuestSilent, Line


class Guest:
    """The other end of the line: reads questions one by one, says what the test wants."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self._decoder = Decoder()
        self._read = []

    async def next(self):
        while not self._read:
            await self.take()
        return self._read.pop(0)

    async def take(self):
        """Read once, and tell how much it was."""
        data = await self.reader.read(4096)
        self._read += self._decoder.feed(data)
        self.say(event="read", bytes=len(data))
        return len(data)

    def say(self, **message):
        self.writer.write(encode(message))


def with_line(story):
    """Run `story(line, guest)` while the line is read; returns the events."""
    heard = []

    async def play():
        ours, theirs = socket.socketpair()
        stream = Stream(*await asyncio.open_connection(sock=ours))
        line, guest = Line(stream), Guest(*await asyncio.open_connection(sock=theirs))

        async def read():
            async for event in line.events():
                heard.append(event)

        reading = asyncio.create_task(read())
        await story(line, guest)
        guest.writer.close()
        await reading
        stream.writer.close()

    asyncio.run(play())
    return heard


def test_answers_find_their_questions_in_whatever_order():
    async def story(line, guest):
        line.allow_questions()
        first = asyncio.create_task(line.ask({"ask": "a"}, 5))
        second = asyncio.create_task(line.ask({"ask": "b"}, 5))
        a, b = await guest.next(), await guest.next()
        guest.say(number=b["number"], text="to b")
        guest.say(number=a["number"], text="to a")
        assert ((await first)["text"], (await second)["text"]) == ("to a", "to b")

    assert with_line(story) == []


def test_what_has_no_number_is_an_event():
    async def story(line, guest):
        guest.say(event="addresses", addresses=["203.0.113.5"])

    assert with_line(story) == [{"event": "addresses", "addresses": ["203.0.113.5"]}]


def test_a_guest_that_is_still_booting_is_asked_nothing():
    """A probe's question once arrived where the start message was expected, and the guest died of it."""

    async def story(line, guest):
        with pytest.raises(GuestSilent, match="still booting"):
            await line.ask({"ask": "ready"}, 5)
        line.tell({"node_name": "worker"})
        with pytest.raises(GuestSilent, match="still booting"):
            await line.ask({"ask": "ready"}, 5)
        assert await guest.next() == {"node_name": "worker"}

    with_line(story)


def test_an_answer_that_came_too_late_is_nobodys():
    async def story(line, guest):
        line.allow_questions()
        with pytest.raises(GuestSilent, match=r"did not answer .*ready.* within 0.01 s"):
            await line.ask({"ask": "ready"}, 0.01)
        guest.say(number=(await guest.next())["number"])

    assert with_line(story) == []


def test_questions_fail_when_the_line_ends():
    async def story(line, guest):
        line.allow_questions()
        asked = asyncio.create_task(line.ask({"ask": "ready"}, 5))
        await guest.next()
        guest.writer.close()
        with pytest.raises(GuestSilent, match="line has ended"):
            await asked
        with pytest.raises(GuestSilent, match="line has ended"):
            await line.ask({"ask": "ready"}, 5)

    with_line(story)


def test_a_long_question_reaches_the_guest_in_pieces_that_its_line_holds():
    """User-mode Linux hears nothing more when its line was fuller than that."""
    program = "x" * 3 * LINE_HOLDS_BYTES

    async def story(line, guest):
        line.allow_questions()
        long = asyncio.create_task(line.ask({"argv": ["python3", "-c", program]}, 5))
        short = asyncio.create_task(line.ask({"ask": "ready"}, 5))
        pieces = [await guest.take() for _ in range(3)]
        assert max(pieces) <= LINE_HOLDS_BYTES
        asked = [await guest.next() for _ in range(2)]
        assert asked[0]["argv"][-1] == program
        for question in asked:
            guest.say(number=question["number"], text="heard")
        assert ((await long)["text"], (await short)["text"]) == ("heard", "heard")

    assert with_line(story) == []


def test_nothing_is_sent_that_the_guest_has_no_room_for():
    async def story(line, guest):
        line.allow_questions()
        questions = [asyncio.create_task(line.ask({"ask": "ready", "padding": "x" * 100}, 5)) for _ in range(40)]
        await asyncio.sleep(0)  # All have been asked.
        assert len(await guest.reader.read(100_000)) == LINE_HOLDS_BYTES
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(guest.reader.read(1), 0.05)
        for question in questions:
            question.cancel()

    with_line(story)
