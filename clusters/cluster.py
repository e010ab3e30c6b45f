"""Records that describe a cluster. They are small, and are sent to every test worker as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from clusters.spec import Mode, Source, Substrate


class Role(StrEnum):
    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its Kubernetes name, its role, and its InternalIP (IPv4) as `address`."""

    name: str
    role: Role
    address: str


@dataclass(frozen=True, slots=True)
class CaseImages:
    """Image references that cases may use.

    `outside`, `haproxy` and `registry` are for containers outside the cluster, the others for pods. `tools` is for a
    pod on each node of an existing cluster; nodes of a kind cluster have these tools installed.
    """

    agnhost: str
    load: str
    outside: str
    registry: str
    haproxy: str
    metallb_controller: str
    metallb_speaker: str
    traefik: str
    tools: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that is ready.

    `kubeconfig` is Kubeproof's own file (mode 0600) and `context` its context. `network` is the container network that
    outside clients join. An existing cluster has no `network`, and no `source` because the origin of its images is not
    known. `owned` is True if this run may break nodes. `mode` is the effective mode, read from kube-proxy.
    `environment` is the fingerprint for the report. `namespace` is the run's own namespace on an existing cluster.
    """

    name: str
    mode: Mode
    source: Source | None
    substrate: Substrate
    kubernetes: str
    kubeconfig: Path
    context: str
    nodes: tuple[Node, ...]
    service_cidr: str
    pod_cidr: str
    network: str | None
    images: CaseImages
    owned: bool
    environment: dict[str, str]
    namespace: str = ""

    @property
    def workers(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.role is Role.WORKER)

    def to_json(self) -> str:
        """Return the cluster as JSON text, for a test worker's input."""
        return CLUSTERS.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Cluster:
        """Return the cluster of which `to_json` made this text."""
        return CLUSTERS.validate_json(text, strict=True)


CLUSTERS = TypeAdapter(Cluster)
