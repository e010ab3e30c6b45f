"""The namespace in which a run keeps its own pods on an existing cluster, and its removal in every case.

A run removes its namespace when it ends. If the run was killed, the next run on that cluster removes the namespace: at
once if the owner named in it would be visible here and has ended, or after `LIFETIME_S` if the owner belongs to another
machine or another container.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clusters.existing.api import ClusterApi
from clusters.host.ownership import Owner

LABEL = "io.kubeproof.run"
OWNER_ANNOTATION = "io.kubeproof.owner"
LIFETIME_S = 24 * 3600
"""The time after which the kubelet ends the pods that a killed run has left, and any run may remove the namespace."""

POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")}
"""The labels that allow pods in the node's network and PID namespaces, which requires the level `privileged`:
https://kubernetes.io/docs/concepts/security/pod-security-standards/"""


def new_name() -> str:
    """Return a new random name for a run's namespace."""
    return f"kubeproof-run-{secrets.token_hex(4)}"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class OwnNamespace:
    """The namespace of this run."""

    api: ClusterApi
    name: str
    now: Callable[[], datetime] = _now

    def make(self) -> None:
        """Remove the namespaces that killed runs have left, then create this run's."""
        for found in self.api.namespaces(LABEL):
            if self._abandoned(found["metadata"]):
                self.api.delete_namespace(found["metadata"]["name"])
        owner = {OWNER_ANNOTATION: str(Owner.myself())}
        self.api.create_namespace(self.name, {LABEL: "true", **POD_SECURITY}, owner)

    def remove(self) -> None:
        """Remove the namespace with everything in it. Ignore a missing one."""
        self.api.delete_namespace(self.name)

    def _abandoned(self, metadata: dict[str, Any]) -> bool:
        """Return True if the namespace's run has ended, or if the namespace is older than `LIFETIME_S`."""
        owner = Owner.parse((metadata.get("annotations") or {}).get(OWNER_ANNOTATION, ""))
        if owner is not None and owner.is_visible():
            return owner.has_ended()
        age = self.now() - datetime.fromisoformat(metadata["creationTimestamp"])
        return age.total_seconds() > LIFETIME_S
