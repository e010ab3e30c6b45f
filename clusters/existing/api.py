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

    def exec(self, pod: str, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
        """Run a program in a pod of kube-system. Raises `CommandFailed`."""

    def run_pod(self, manifest: dict[str, Any], timeout_s: float) -> None:
        """Make a pod in kube-system and return when it runs. Raises `ClusterNotReady`; leaves no pod behind then."""

    def delete_pod(self, name: str) -> None:
        """Remove a pod of kube-system at once. An absent one is a success."""
