"""Addresses of kube-ipvs0, by the kernel's own events (rtnetlink).

https://man7.org/linux/man-pages/man7/rtnetlink.7.html
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DONE, NEW_ADDRESS, DELETED_ADDRESS, GET_ADDRESS = 3, 20, 21, 22
ADDRESS_EVENTS = 0x10  # RTMGRP_IPV4_IFADDR
REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
LOCAL, LABEL = 2, 3  # IFA_LOCAL, IFA_LABEL

HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, device
ATTRIBUTE = struct.Struct("=HH")  # length, type

RECEIVE_BYTES = 1 << 20
"""What the kernel keeps for us: kube-proxy binds thousands of addresses in one go."""


@dataclass(frozen=True, slots=True)
class Change:
    """An address came to, or went from, the device of that label."""

    came: bool
    label: str
    address: str


def parse(data: bytes) -> Iterator[Change | None]:
    """The changes in `data`; None where an answer to `GET_ADDRESS` ends."""
    for kind, body in messages(data):
        if kind == DONE:
            yield None
        if kind in (NEW_ADDRESS, DELETED_ADDRESS):
            attributes = dict(_attributes(body[ADDRESS.size :]))
            if LOCAL in attributes:
                label = attributes.get(LABEL, b"").rstrip(b"\0").decode()
                yield Change(kind == NEW_ADDRESS, label, socket.inet_ntoa(attributes[LOCAL]))


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= HEADER.size:
        length, kind, *_ = HEADER.unpack_from(data)
        if length < HEADER.size:
            return
        yield kind, data[HEADER.size : length]
        data = data[_aligned(length) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        if length < ATTRIBUTE.size:
            return
        yield kind, data[ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


class AddressBook:
    """The addresses of one device that `wanted` accepts, kept by what the kernel says."""

    def __init__(self, device: str, wanted: Callable[[str], bool]) -> None:
        self._device = device
        self._wanted = wanted
        self._counted_anew: set[str] | None = None
        self.present: set[str] = set()

    def forget(self) -> None:
        """Events were lost: `present` stays until the kernel has told all addresses again."""
        self._counted_anew = set()

    def note(self, data: bytes) -> bool:
        """Take in what the kernel said; whether `present` is another set now."""
        before = set(self.present)
        for change in parse(data):
            if change is None:
                if self._counted_anew is not None:
                    self.present, self._counted_anew = self._counted_anew, None
            elif change.label == self._device and self._wanted(change.address):
                for book in (self.present, self._counted_anew):
                    if book is not None:
                        (book.add if change.came else book.discard)(change.address)
        return self.present != before


class AddressEvents:
    """The kernel's events for an `AddressBook`; `fileno` is readable when there are some."""

    def __init__(self, book: AddressBook) -> None:
        self._book = book
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._socket.bind((0, ADDRESS_EVENTS))

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def take(self) -> bool:
        """Read all that has arrived; whether the book is another now. Raises `OSError`."""
        changed = False
        while True:
            try:
                changed |= self._book.note(self._socket.recv(RECEIVE_BYTES))
            except BlockingIOError:
                return changed
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._book.forget()
                self._ask_for_all()

    def _ask_for_all(self) -> None:
        body = ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)
        self._socket.send(HEADER.pack(HEADER.size + len(body), GET_ADDRESS, REQUEST_DUMP, 1, 0) + body)
