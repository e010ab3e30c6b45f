"""The guest's end of the serial line by which the director asks."""

from __future__ import annotations

import os
import termios

from director.frames import READ, TOLD_EVERY_BYTES, Decoder, Message, encode


def open_raw(path: str) -> int:
    """A file descriptor of a serial line that changes no byte, echoes none, and is nobody's terminal."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(fd)
    attributes[0] = attributes[1] = attributes[3] = 0  # input, output and local modes
    attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return fd


class SerialLine:
    """The guest's end of the line. Tells how much of it was read, for the director may not send more than it holds."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._decoder = Decoder()
        self._untold_bytes = 0

    def send(self, message: Message) -> None:
        """Write a message; waits while the other end does not read."""
        rest = memoryview(encode(message))
        while rest:
            rest = rest[os.write(self.fd, rest) :]

    def take(self) -> list[Message]:
        """The messages that are complete now. Raises `EOFError` when the director is gone."""
        data = os.read(self.fd, 4096)
        if not data:
            raise EOFError("the director is gone")
        self._untold_bytes += len(data)
        if self._untold_bytes >= TOLD_EVERY_BYTES:
            self.send({"event": READ, "bytes": self._untold_bytes})
            self._untold_bytes = 0
        return list(self._decoder.feed(data))

    def wait_message(self) -> Message:
        """The first message."""
        while True:
            if messages := self.take():
                return messages[0]
