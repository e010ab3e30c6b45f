"""What we ask of an existing cluster's API server: a seam that tests replace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from clusters.command import CommandResult

SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True)
class ProxyPod:
    """A running kube-proxy: its pod, node and image."""

    name: str
    node: str
    image: str


class ClusterApi(Protocol):
    """Raises `ClusterUnreachable` when nobody answers and `UsageError` when the credentials do not suffice."""

    def version(self) -> str:
        """Kubernetes version without the leading v."""

    def nodes(self) -> tuple[dict[str, Any], ...]:
        """All Node objects, as JSON."""

    def proxy_pods(self) -> tuple[ProxyPod, ...]:
        """All running kube-proxy pods."""

    def config_map(self, name: str) -> dict[str, str] | None:
        """The data of a ConfigMap of kube-system, or None if there is none."""

    def service_cidr(self) -> str:
        """The Service CIDR (IPv4), or "" if the cluster does not tell."""

    def get_from_pod(self, pod: str, port: int, path: str) -> str:
        """HTTP GET through a port-forward to a pod of kube-system. Raises `CommandFailed`."""

    def log(self, pod: str) -> str:
        """The beginning of the log of a pod of kube-system."""

    def exec(self, pod: str, argv: tuple[str, ...], timeout_s: float, namespace: str = SYSTEM) -> CommandResult:
        """Run a program in a pod's first container. Raises `CommandFailed`."""

    def run_pod(self, manifest: dict[str, Any], timeout_s: float) -> None:
        """Make a pod in kube-system and return when it runs. Raises `ClusterNotReady`; leaves no pod behind then."""

    def delete_pod(self, name: str, namespace: str = SYSTEM) -> None:
        """Remove a pod at once. An absent one is a success."""

    def create_namespace(self, name: str, labels: dict[str, str], annotations: dict[str, str]) -> None:
        """Make a namespace that admits pods from its first moment on."""

    def namespaces(self, label: str) -> tuple[dict[str, Any], ...]:
        """All namespaces that bear a label, as JSON."""

    def delete_namespace(self, name: str) -> None:
        """Have a namespace removed with everything in it. An absent one is a success."""

    def create_pod(self, namespace: str, manifest: dict[str, Any]) -> None:
        """Make a pod. One of that name that is there already is a success."""

    def pods(self, namespace: str) -> tuple[dict[str, Any], ...]:
        """All pods of a namespace, as JSON."""
