"""A cluster that exists: plain records, small enough to be handed to every test worker as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from clusters.spec import Mode, Source, Substrate


class Role(StrEnum):
    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Node:
    """A node by its Kubernetes name; `address` is its InternalIP (IPv4)."""

    name: str
    role: Role
    address: str


@dataclass(frozen=True, slots=True)
class CaseImages:
    """Image references that cases may use.

    `outside`, `haproxy` and `registry` are for containers beside the cluster, the others for pods. `tools` is for a
    pod on each node of an existing cluster; nodes of a kind cluster of ours have the tools themselves.
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

    `kubeconfig` is a file of our own (0600) and `context` its context; `network` the container network
    that outside clients join. An existing cluster has neither `network` nor `source`: nobody here knows where
    its images are from. `owned` says that this run may break nodes.
    `mode` is the effective one, read from kube-proxy. `environment` is the fingerprint for the report.
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

    def to_json(self) -> dict[str, Any]:
        """JSON-able form, for a test worker's input."""
        return {**asdict(self), "kubeconfig": str(self.kubeconfig)}

    @classmethod
    def from_json(cls, doc: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(
            **{
                **doc,
                "mode": Mode(doc["mode"]),
                "source": Source(doc["source"]) if doc["source"] else None,
                "substrate": Substrate(doc["substrate"]),
                "kubeconfig": Path(doc["kubeconfig"]),
                "nodes": tuple(Node(node["name"], Role(node["role"]), node["address"]) for node in doc["nodes"]),
                "images": CaseImages(**doc["images"]),
            }
        )
