"""Whose cluster is it, and has its owner ended? Answered from labels on the cluster's own network.

A cluster's network bears its name, is made before anything else of it and removed after everything else,
so that whatever a killed run left can be found by any later process. What carries no label of ours is
not ours and is never touched. kind's node containers carry kind's own labels alone; `clusters.remains` says how
those of a cluster without a network are known.
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
    """A process. Its start time and the machine's boot distinguish it from a later one with the same id.

    Its id is one of its PID namespace (pid_namespaces(7)): containers that share an engine have one each.
    """

    boot_id: str
    pid: int
    start_ticks: int
    pid_namespace: str

    @classmethod
    def myself(cls, proc: Path = Path("/proc")) -> Self:
        pid = os.getpid()
        return cls(BOOT_ID.read_text().strip(), pid, _start_ticks(proc, pid) or 0, _pid_namespace(proc))

    @classmethod
    def parse(cls, label: str) -> Self | None:
        """The owner a label names, or None if it names none."""
        match label.split("/"):
            case [boot_id, pid, ticks, namespace] if pid.isdigit() and ticks.isdigit():
                return cls(boot_id, int(pid), int(ticks), namespace)
        return None

    def __str__(self) -> str:
        return f"{self.boot_id}/{self.pid}/{self.start_ticks}/{self.pid_namespace}"

    def is_visible(self, proc: Path = Path("/proc"), boot_id: Path = BOOT_ID) -> bool:
        """True if /proc here would show the process: on this boot of this machine, in this PID namespace."""
        return boot_id.read_text().strip() == self.boot_id and _pid_namespace(proc) == self.pid_namespace

    def has_ended(self, proc: Path = Path("/proc"), boot_id: Path = BOOT_ID) -> bool:
        """True if it is proved to have ended: with an earlier boot, or because /proc would show it and does not."""
        if boot_id.read_text().strip() != self.boot_id:
            return True
        return self.is_visible(proc, boot_id) and _start_ticks(proc, self.pid) != self.start_ticks


def _pid_namespace(proc: Path) -> str:
    """The number of this process's PID namespace."""
    return str((proc / "self" / "ns" / "pid").stat().st_ino)


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
        """Its owner has ended, or its network does not name one."""
        return self.owner is None or self.owner.has_ended()

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
