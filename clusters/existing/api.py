"""The protocol for calls to an existing cluster's API server. Tests replace it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from clusters.host.command import CommandResult

SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True)
class ProxyPod:
    """A running kube-proxy pod: its name, node and image."""

    name: str
    node: str
    image: str


class ClusterApi(Protocol):
    """The API server of an existing cluster.

    The methods raise `ClusterUnreachable` if it does not respond, `UsageError` if the credentials do not suffice.
    """

    def version(self) -> str:
        """Return the Kubernetes version without the leading v."""

    def nodes(self) -> tuple[dict[str, Any], ...]:
        """Return all Node objects, as JSON."""

    def proxy_pods(self) -> tuple[ProxyPod, ...]:
        """Return all running kube-proxy pods."""

    def config_map(self, name: str) -> dict[str, str] | None:
        """Return the data of a ConfigMap of kube-system, or None if it does not exist."""

    def service_cidr(self) -> str:
        """Return the Service CIDR (IPv4), or "" if the cluster does not report it."""

    def get_from_pod(self, pod: str, port: int, path: str) -> str:
        """Return the body of an HTTP GET through a port-forward to a pod of kube-system. Raises `CommandFailed`."""

    def log(self, pod: str) -> str:
        """Return the beginning of the log of a pod of kube-system."""

    def exec(self, pod: str, argv: tuple[str, ...], timeout_s: float, namespace: str = SYSTEM) -> CommandResult:
        """Run a program in a pod's first container. Raises `CommandFailed`."""

    def run_pod(self, manifest: dict[str, Any], timeout_s: float) -> None:
        """Create a pod in kube-system and return when it runs. The caller deletes it, also after an error.

        Raises `ClusterNotReady`.
        """

    def delete_pod(self, name: str, namespace: str = SYSTEM) -> None:
        """Delete a pod without a grace period. Ignore one that does not exist."""

    def create_namespace(self, name: str, labels: dict[str, str], annotations: dict[str, str]) -> None:
        """Create a namespace that admits pods as soon as this returns."""

    def namespaces(self, label: str) -> tuple[dict[str, Any], ...]:
        """Return all namespaces that have a label, as JSON."""

    def delete_namespace(self, name: str) -> None:
        """Request the deletion of a namespace with everything in it. Ignore one that does not exist."""

    def create_pod(self, namespace: str, manifest: dict[str, Any]) -> None:
        """Create a pod. Do nothing if a pod of that name exists."""

    def pods(self, namespace: str) -> tuple[dict[str, Any], ...]:
        """Return all pods of a namespace, as JSON."""
