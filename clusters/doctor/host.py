"""The host as doctor sees it: one seam for every fact, so that checks are tested with hosts of our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from clusters.command import Commands


@dataclass(frozen=True, slots=True)
class Room:
    """What is free where a path lies, or would lie; paths with an equal `device` share it."""

    free_bytes: int
    device: int


@dataclass(frozen=True, slots=True)
class InotifyTaken:
    """inotify instances and watches that root's processes hold, those of nodes among them."""

    instances: int
    watches: int


class Host(Commands, Protocol):
    """Facts of the machine we run on. `run` is that of `Commands`: it raises `CommandFailed`."""

    def read_text(self, path: str) -> str | None:
        """A file's text, unpacked if its name ends in .gz; None if there is none or we may not read it."""

    def exists(self, path: str) -> bool:
        """True if there is such a file, folder or device."""

    def which(self, program: str) -> str | None:
        """Where the PATH has a program, or None."""

    def env(self, name: str) -> str | None:
        """An environment variable, or None."""

    def home(self) -> str:
        """The user's home folder."""

    def is_root(self) -> bool:
        """True if our effective user id is 0."""

    def kernel_release(self) -> str:
        """The running kernel's release, as `uname --kernel-release` prints it."""

    def room(self, path: str) -> Room | None:
        """Free space where `path` is or would be made, or None if that cannot be told."""

    def inotify_taken(self) -> InotifyTaken | None:
        """What root holds of inotify now, or None if we may not see it."""

    def unanswered(self, urls: Iterable[str], timeout_s: float) -> dict[str, str]:
        """Ask all `urls` at once by HTTP HEAD; those that do not answer in time, each with the reason.

        Any HTTP status is an answer.
        """
