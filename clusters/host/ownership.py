"""Ownership of clusters: labels on a cluster's network name the process that owns it.

A cluster's network has the cluster's name. It is created before all other parts and removed after them, so that any
later process can find what a killed run left. Anything without a Kubeproof label is never touched. kind's node
containers have only kind's own labels; `clusters.cleanup.remains` describes how nodes without a network are identified.
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
"""The label that kind puts on each of its nodes."""

RECIPE_LABEL = "io.kubeproof.recipe"
"""The label of images that Kubeproof builds: the name of their recipe."""

ENDED = ("Z", "X", "x")
"""The states, in /proc/PID/stat, of a process that has ended and was not waited for yet."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that owns clusters. Boot id and start time distinguish it from a later process with the same PID.

    The PID is valid in one PID namespace (pid_namespaces(7)): containers that share an engine have one each.
    """

    boot_id: str
    pid: int
    start_ticks: int
    pid_namespace: str

    @classmethod
    def myself(cls, proc: Path = Path("/proc")) -> Self:
        """Return this process as an owner."""
        pid = os.getpid()
        return cls(BOOT_ID.read_text().strip(), pid, _start_ticks(proc, pid) or 0, _pid_namespace(proc))

    @classmethod
    def parse(cls, label: str) -> Self | None:
        """Return the owner that a label names, or None if the label is invalid."""
        match label.split("/"):
            case [boot_id, pid, ticks, namespace] if pid.isdigit() and ticks.isdigit():
                return cls(boot_id, int(pid), int(ticks), namespace)
        return None

    def __str__(self) -> str:
        return f"{self.boot_id}/{self.pid}/{self.start_ticks}/{self.pid_namespace}"

    def is_visible(self, proc: Path = Path("/proc"), boot_id: Path = BOOT_ID) -> bool:
        """Return True if this process's /proc covers the owner: same machine, same boot, same PID namespace."""
        return boot_id.read_text().strip() == self.boot_id and _pid_namespace(proc) == self.pid_namespace

    def has_ended(self, proc: Path = Path("/proc"), boot_id: Path = BOOT_ID) -> bool:
        """Return True if the owner has certainly ended.

        That is the case if it belongs to another boot, or if it would be visible in /proc and is not there.
        """
        if boot_id.read_text().strip() != self.boot_id:
            return True
        return self.is_visible(proc, boot_id) and _start_ticks(proc, self.pid) != self.start_ticks


def _pid_namespace(proc: Path) -> str:
    """Return the inode number of this process's PID namespace."""
    return str((proc / "self" / "ns" / "pid").stat().st_ino)


def _start_ticks(proc: Path, pid: int) -> int | None:
    """Return the process's start time, field 22 of /proc/PID/stat (proc(5)), or None if it has ended."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets. The name may contain blanks and brackets.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in ENDED else int(fields[18])


@dataclass(frozen=True, slots=True)
class Claimed:
    """A cluster that Kubeproof made, as the labels of its network describe it."""

    name: str
    owner: Owner | None
    keep: bool
    network_id: str

    @property
    def ownerless(self) -> bool:
        """Return True if the owner has ended, or the network names no owner."""
        return self.owner is None or self.owner.has_ended()

    @property
    def abandoned(self) -> bool:
        """Return True if the owner has ended and the cluster was not to be kept."""
        return not self.keep and self.ownerless

    @classmethod
    def of_network(cls, network: dict[str, Any]) -> Self:
        """Return the cluster of a network, given its `docker network inspect`."""
        labels = network.get("Labels") or {}
        return cls(
            name=labels[CLUSTER_LABEL],
            owner=Owner.parse(labels.get(OWNER_LABEL, "")),
            keep=labels.get(KEEP_LABEL) == "true",
            network_id=network["Id"],
        )


def labels_for(name: str, keep: bool) -> dict[str, str]:
    """Return the labels for the parts of cluster `name`, owned by this process."""
    return {CLUSTER_LABEL: name, OWNER_LABEL: str(Owner.myself()), KEEP_LABEL: "true" if keep else "false"}


def build_labels() -> dict[str, str]:
    """Return the labels for a container used to build an image: owned by this process, and part of no cluster."""
    return {OWNER_LABEL: str(Owner.myself())}
