"""The socket by which programs in the pod reach the guest.

It is a file of the container, for root only: pods of the cluster cannot reach it, by no address.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from director.frames import BrokenStream, Decoder, Message, encode
from director.kernel import CHUNK_BYTES
from director.socketpath import SOCKET

Reply = Callable[[Message], Awaitable[Message]]


async def listen(reply: Reply, socket: Path = SOCKET) -> asyncio.Server:
    """Answer every question on `socket` with `reply`; one question a connection. Raises `OSError`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = await _read(reader)
            if question is not None:
                writer.write(encode(await reply(question)))
                await writer.drain()
        except (BrokenStream, ConnectionError):
            # Who speaks nonsense or hangs up gets no answer; there is nobody to tell.
            return
        finally:
            writer.close()

    socket.unlink(missing_ok=True)
    before = os.umask(0o177)  # The file comes into being with its mode: 0600.
    try:
        return await asyncio.start_unix_server(talk, socket)
    finally:
        os.umask(before)


async def _read(reader: asyncio.StreamReader) -> Message | None:
    decoder = Decoder()
    while data := await reader.read(CHUNK_BYTES):
        for message in decoder.feed(data):
            return message
    return None
