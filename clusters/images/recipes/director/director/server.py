"""The socket by which programs in the pod, and the node's root, reach the guest.

It is a file of the node, for root only: pods of the cluster cannot reach it, by no address. A question is the body of
a POST, in JSON, and so is the answer: curl is what every kind node has.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from director.frames import Message
from director.socketpath import SOCKET

Reply = Callable[[Message], Awaitable[Message]]
LENGTH = re.compile(rb"^content-length: (\d+)\r$", re.IGNORECASE | re.MULTILINE)


async def listen(reply: Reply, socket: Path = SOCKET) -> asyncio.Server:
    """Answer every question on `socket` with `reply`; one question a connection. Raises `OSError`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = await _read(reader)
            if question is not None:
                answer = json.dumps(await reply(question)).encode()
                writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
                await writer.drain()
        except ConnectionError:
            return  # Who hangs up gets no answer.
        finally:
            writer.close()

    socket.unlink(missing_ok=True)
    before = os.umask(0o177)  # The file comes into being with its mode: 0600.
    try:
        return await asyncio.start_unix_server(talk, socket)
    finally:
        os.umask(before)


async def _read(reader: asyncio.StreamReader) -> Message | None:
    """The question; None from who speaks nonsense."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        question: Message = json.loads(await reader.readexactly(int(length[1]) if length else 0))
    except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    return question
