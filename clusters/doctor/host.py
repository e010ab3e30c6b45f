"""The protocol by which checks read facts about the host. Tests replace it with a fake host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from clusters.host.command import Commands


@dataclass(frozen=True, slots=True)
class Room:
    """The free space of the file system that contains a path. Paths with an equal `device` share it."""

    free_bytes: int
    device: int


@dataclass(frozen=True, slots=True)
class InotifyTaken:
    """The inotify instances and watches in use by root's processes, including those of cluster nodes."""

    instances: int
    watches: int


class Host(Commands, Protocol):
    """The machine on which Kubeproof runs. `run` is that of `Commands` and raises `CommandFailed`."""

    def read_text(self, path: str) -> str | None:
        """Return a file's text, decompressed if its name ends in .gz, or None if it is absent or not readable."""

    def exists(self, path: str) -> bool:
        """Return True if the file, directory or device exists."""

    def which(self, program: str) -> str | None:
        """Return the path of a program in the PATH, or None."""

    def env(self, name: str) -> str | None:
        """Return an environment variable, or None if it is not set."""

    def home(self) -> str:
        """Return the user's home directory."""

    def is_root(self) -> bool:
        """Return True if the effective user id is 0."""

    def kernel_release(self) -> str:
        """Return the running kernel's release, as `uname --kernel-release` prints it."""

    def room(self, path: str) -> Room | None:
        """Return the free space where `path` is or would be created, or None if that is not known."""

    def inotify_taken(self) -> InotifyTaken | None:
        """Return what root's processes use of inotify, or None if this user may not read it."""

    def unanswered(self, urls: Iterable[str], timeout_s: float) -> dict[str, str]:
        """Send an HTTP HEAD request to all `urls` at the same time; return those that do not respond, with the reason.

        Any HTTP status counts as a response.
        """
