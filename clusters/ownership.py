"""Whose cluster is it, and does its owner still live? Answered from labels on the cluster's own network.

A cluster's network bears its name, is made before anything else of it and removed after everything else,
so that whatever a killed run left can be found by any later process. What carries no label of ours is
not ours and is never touched. kind's node containers carry none; `clusters.remains` says how they are known.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CLUSTER_LABEL = "io.kubeproof.cluster"
OWNER_LABEL = "io.kubeproof.owner"
KEEP_LABEL = "io.kubeproof.keep"
KIND_CLUSTER_LABEL = "io.x-k8s.kind.cluster"
"""kind's own, on each of its nodes."""

ENDED = ("Z", "X", "x")
"""States of a process that has ended and not been waited for yet."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from a later one with the same id by its start time and the machine's boot."""

    boot_id: str
    pid: int
    start_ticks: int

    @classmethod
    def myself(cls, proc: Path = Path("/proc")) -> Self:
        pid = os.getpid()
        return cls(BOOT_ID.read_text().strip(), pid, _start_ticks(proc, pid) or 0)

    @classmethod
    def parse(cls, label: str) -> Self | None:
        """The owner a label names, or None if it names none."""
        match label.split("/"):
            case [boot_id, pid, ticks] if pid.isdigit() and ticks.isdigit():
                return cls(boot_id, int(pid), int(ticks))
        return None

    def __str__(self) -> str:
        return f"{self.boot_id}/{self.pid}/{self.start_ticks}"

    def lives(self, proc: Path = Path("/proc"), boot_id: Path = BOOT_ID) -> bool:
        """True if that very process still runs on this boot of this machine."""
        if boot_id.read_text().strip() != self.boot_id:
            return False
        return _start_ticks(proc, self.pid) == self.start_ticks


def _start_ticks(proc: Path, pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)): when the process started; None if there is none, or a dead one."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets and may itself hold blanks and brackets.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in ENDED else int(fields[18])


@dataclass(frozen=True, slots=True)
class Claimed:
    """A cluster that is ours, as its network's labels tell it."""

    name: str
    owner: Owner | None
    keep: bool
    network_id: str

    @property
    def ownerless(self) -> bool:
        """Its owner has ended, or never said who it is."""
        return self.owner is None or not self.owner.lives()

    @property
    def abandoned(self) -> bool:
        """Nobody will come back for it: its owner is gone, and it was not meant to be kept."""
        return not self.keep and self.ownerless

    @classmethod
    def of_network(cls, network: dict[str, Any]) -> Self:
        """Read the labels of a network as the engine shows it."""
        labels = network.get("Labels") or {}
        return cls(
            name=labels[CLUSTER_LABEL],
            owner=Owner.parse(labels.get(OWNER_LABEL, "")),
            keep=labels.get(KEEP_LABEL) == "true",
            network_id=network["Id"],
        )


def labels_for(name: str, keep: bool) -> dict[str, str]:
    """The labels of everything that belongs to cluster `name` of this process."""
    return {CLUSTER_LABEL: name, OWNER_LABEL: str(Owner.myself()), KEEP_LABEL: "true" if keep else "false"}


def build_labels() -> dict[str, str]:
    """The labels of a container of which an image is made: it belongs to this process, and to no cluster."""
    return {OWNER_LABEL: str(Owner.myself())}
