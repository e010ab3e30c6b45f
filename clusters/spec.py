"""What a cluster shall be: a frozen value, with a digest from which the cluster's name is derived."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from enum import StrEnum

from clusters.errors import Refused, UsageError

NAME_PREFIX = "kubeproof"


class Mode(StrEnum):
    """kube-proxy's mode."""

    IPTABLES = "iptables"
    IPVS = "ipvs"
    NFTABLES = "nftables"


class Source(StrEnum):
    """Where images come from: pulled from registries, or built here from Go modules and Debian packages."""

    REGISTRY = "registry"
    BUILT = "built"


class Substrate(StrEnum):
    """The kernel that carries the proxy's rules: the node's own, or a user-mode Linux beside it."""

    HOST = "host"
    UML = "uml"


CLUSTER_NAME = re.compile(rf"{NAME_PREFIX}-(?:{'|'.join(Mode)})-[0-9a-f]{{6}}")
"""The form of every `ClusterSpec.name`."""


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One cluster, completely described. Two equal specs have the same digest and the same name.

    `kubernetes` is the version that runs, which is not always the one asked for: source `registry` has a few alone.
    Raises `UsageError` for numbers of nodes that make no cluster, `Refused` for nftables on `uml`.
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
            raise UsageError(f"a cluster needs a control plane, not {self.control_planes}")
        if self.workers < 0:
            raise UsageError(f"a cluster cannot have {self.workers} workers")
        if self.substrate is Substrate.UML and self.mode is Mode.NFTABLES:
            raise Refused(
                "nftables does not run on substrate uml: Debian's user-mode Linux is built without nf_tables for IPv4",
                remedy="use --substrate=host, every kernel since 5.13 has nftables",
            )

    @property
    def digest(self) -> str:
        """Twelve hex digits that change with every field."""
        canonical = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """The cluster's name, and that of its container network."""
        return f"{NAME_PREFIX}-{self.mode}-{self.digest[:6]}"
