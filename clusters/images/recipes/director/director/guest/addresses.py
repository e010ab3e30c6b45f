"""The addresses of kube-ipvs0, from the kernel's rtnetlink events.

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
"""The size of the socket's receive buffer: kube-proxy binds thousands of addresses at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """An address that was added to, or removed from, the device `label`."""

    added: bool
    label: str
    address: str


def parse(data: bytes) -> Iterator[Change | None]:
    """Yield the changes in `data`, and None where the reply to `GET_ADDRESS` ends."""
    for kind, body in messages(data):
        if kind == DONE:
            yield None
        if kind in (NEW_ADDRESS, DELETED_ADDRESS):
            attributes = dict(_attributes(body[ADDRESS.size :]))
            if LOCAL in attributes:
                label = attributes.get(LABEL, b"").rstrip(b"\0").decode()
                yield Change(kind == NEW_ADDRESS, label, socket.inet_ntoa(attributes[LOCAL]))


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each netlink message in `data`."""
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
    """The addresses of one device that `wanted` accepts, updated from the kernel's events."""

    def __init__(self, device: str, wanted: Callable[[str], bool]) -> None:
        self._device = device
        self._wanted = wanted
        self._resynced: set[str] | None = None
        self.present: set[str] = set()

    def begin_resync(self) -> None:
        """Collect all addresses again after lost events. `present` is replaced when the kernel has sent them all."""
        self._resynced = set()

    def apply(self, data: bytes) -> bool:
        """Apply the kernel's messages in `data`. Return whether `present` has changed."""
        before = set(self.present)
        for change in parse(data):
            if change is None:
                if self._resynced is not None:
                    self.present, self._resynced = self._resynced, None
            elif change.label == self._device and self._wanted(change.address):
                for addresses in (self.present, self._resynced):
                    if addresses is not None:
                        (addresses.add if change.added else addresses.discard)(change.address)
        return self.present != before


class AddressEvents:
    """A netlink socket that receives the events for an `AddressBook`; readable when there are events."""

    def __init__(self, book: AddressBook) -> None:
        self._book = book
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._socket.bind((0, ADDRESS_EVENTS))

    def fileno(self) -> int:
        """Return the socket's file descriptor, for a selector."""
        return self._socket.fileno()

    def take(self) -> bool:
        """Apply all events that have arrived. Return whether the addresses have changed. Raises `OSError`."""
        changed = False
        while True:
            try:
                changed |= self._book.apply(self._socket.recv(RECEIVE_BYTES))
            except BlockingIOError:
                return changed
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._book.begin_resync()
                self._request_all()

    def _request_all(self) -> None:
        body = ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)
        self._socket.send(HEADER.pack(HEADER.size + len(body), GET_ADDRESS, REQUEST_DUMP, 1, 0) + body)
