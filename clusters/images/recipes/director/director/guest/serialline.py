"""The guest's end of the serial line that carries the director's requests."""

from __future__ import annotations

import os
import termios

from director.frames import READ, REPORT_EVERY_BYTES, Decoder, Message, encode


def open_raw(path: str) -> int:
    """Open a serial line in raw mode, without echo, and not as the controlling terminal. Return its file descriptor."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(fd)
    attributes[0] = attributes[1] = attributes[3] = 0  # input, output and local modes
    attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return fd


class SerialLine:
    """Sends and receives messages. Reports how many bytes it has read, because the director limits the unread bytes."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._decoder = Decoder()
        self._unreported_bytes = 0

    def send(self, message: Message) -> None:
        """Write a message. Blocks while the line's buffer is full."""
        rest = memoryview(encode(message))
        while rest:
            rest = rest[os.write(self.fd, rest) :]

    def take(self) -> list[Message]:
        """Read once, and return the complete messages. Raises `EOFError` if the director has closed the line."""
        data = os.read(self.fd, 4096)
        if not data:
            raise EOFError("the director has closed the serial line")
        self._unreported_bytes += len(data)
        if self._unreported_bytes >= REPORT_EVERY_BYTES:
            self.send({"event": READ, "bytes": self._unreported_bytes})
            self._unreported_bytes = 0
        return list(self._decoder.feed(data))

    def wait_message(self) -> Message:
        """Wait for a message, and return it."""
        while True:
            if messages := self.take():
                return messages[0]
