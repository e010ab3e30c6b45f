"""The specification of a cluster: a frozen record, and the cluster's name, derived from its digest."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from enum import StrEnum

from clusters.errors import Refused, UsageError
from clusters.modes import REQUIREMENTS, KernelPart, Mode

__all__ = ["CLUSTER_NAME", "NAME_PREFIX", "ClusterSpec", "Mode", "Source", "Substrate", "why_not_on"]

NAME_PREFIX = "kubeproof"


class Source(StrEnum):
    """The origin of images: pulled from registries, or built on this host from Go modules and Debian packages."""

    REGISTRY = "registry"
    BUILT = "built"


class Substrate(StrEnum):
    """The kernel that holds kube-proxy's rules: the node's own, or a user-mode Linux that runs on the node."""

    HOST = "host"
    UML = "uml"


LACKED_BY_DEBIANS_UML = {KernelPart.NF_TABLES: "Debian's user-mode Linux is built without nf_tables for IPv4"}
"""The parts that the kernel of Debian's package lacks, with the reason. Source `registry` has no other."""


def why_not_on(substrate: Substrate, mode: Mode, source: Source) -> str | None:
    """Return why the mode cannot run on the substrate on any host, with images of that source, or None.

    The doctor checks the kernel of substrate `host`.
    """
    if substrate is Substrate.HOST or source is Source.BUILT:
        return None
    needed = REQUIREMENTS[mode].kernel_parts
    return next((reason for part, reason in LACKED_BY_DEBIANS_UML.items() if part in needed), None)


def needs_own_kernel(substrate: Substrate, mode: Mode) -> bool:
    """Return True if a guest runs the mode only with Kubeproof's own kernel, which source `built` builds."""
    return substrate is Substrate.UML and not REQUIREMENTS[mode].kernel_parts.isdisjoint(LACKED_BY_DEBIANS_UML)


CLUSTER_NAME = re.compile(rf"{NAME_PREFIX}-(?:{'|'.join(Mode)})-[0-9a-f]{{6}}")
"""The pattern of every `ClusterSpec.name`."""


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """The complete specification of a cluster. Equal specs have the same digest and the same name.

    `kubernetes` is the version that runs. It is not always the requested one, because source `registry` has only a few.
    Raises `UsageError` for an invalid number of nodes, `Refused` for a mode that cannot run on the substrate.
    """

    mode: Mode
    kubernetes: str
    source: Source
    substrate: Substrate = Substrate.HOST
    control_planes: int = 1
    workers: int = 2
    ipvs_scheduler: str = "rr"

    def __post_init__(self) -> None:
        if self.control_planes < 1:
            raise UsageError(f"a cluster needs at least 1 control plane node, not {self.control_planes}")
        if self.workers < 0:
            raise UsageError(f"a cluster cannot have {self.workers} workers")
        if (reason := why_not_on(self.substrate, self.mode, self.source)) is not None:
            raise Refused(
                f"{self.mode} does not run on substrate {self.substrate} with source {self.source}: {reason}",
                remedy="use --substrate=host or --image-source=built",
            )

    @property
    def digest(self) -> str:
        """Return twelve hexadecimal digits that depend on every field."""
        canonical = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Return the name of the cluster and of its container network."""
        return f"{NAME_PREFIX}-{self.mode}-{self.digest[:6]}"
