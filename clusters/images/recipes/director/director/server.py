"""The socket through which programs in the pod, and root on the node, send requests to the guest.

It is a Unix socket in the node's file system, for root only, so that other pods cannot reach it. A request is the
body of an HTTP POST, in JSON, and so is the reply: every kind node has curl as a client.
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
    """Serve requests on `socket` with `reply`, one request per connection. Raises `OSError`."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            if request is not None:
                body = json.dumps(await reply(request)).encode()
                writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except ConnectionError:
            return  # The client has closed the connection.
        finally:
            writer.close()

    socket.unlink(missing_ok=True)
    before = os.umask(0o177)  # bind() creates the file with mode 0600, before anyone can connect.
    try:
        return await asyncio.start_unix_server(handle, socket)
    finally:
        os.umask(before)


async def _read(reader: asyncio.StreamReader) -> Message | None:
    """Return the request, or None if it is not HTTP with a JSON body."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        request: Message = json.loads(await reader.readexactly(int(length[1]) if length else 0))
    except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    return request
