"""The namespace in which a run keeps pods of its own on an existing cluster, and its end, whatever happens.

A run removes its namespace when it ends. One that was killed leaves it, and the next run on that cluster removes it:
at once if the process that it names would be seen here and is not, after `LIFETIME_S` if it was another machine's or
another container's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clusters.existing.api import ClusterApi
from clusters.ownership import Owner

LABEL = "io.kubeproof.run"
OWNER_ANNOTATION = "io.kubeproof.owner"
LIFETIME_S = 24 * 3600
"""After this the kubelet ends what a killed run has left, and any other run may remove it."""

POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")}
"""Pods in the node's network and process namespaces are allowed at this level only:
https://kubernetes.io/docs/concepts/security/pod-security-standards/"""


def new_name() -> str:
    """A name that no other run has."""
    return f"kubeproof-run-{secrets.token_hex(4)}"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class OwnNamespace:
    """The namespace `name` of this run."""

    api: ClusterApi
    name: str
    now: Callable[[], datetime] = _now

    def make(self) -> None:
        """Remove what killed runs have left, then make the namespace."""
        for found in self.api.namespaces(LABEL):
            if self._abandoned(found["metadata"]):
                self.api.delete_namespace(found["metadata"]["name"])
        owner = {OWNER_ANNOTATION: str(Owner.myself())}
        self.api.create_namespace(self.name, {LABEL: "true", **POD_SECURITY}, owner)

    def remove(self) -> None:
        """Remove it with everything in it. An absent one is a success."""
        self.api.delete_namespace(self.name)

    def _abandoned(self, metadata: dict[str, Any]) -> bool:
        owner = Owner.parse((metadata.get("annotations") or {}).get(OWNER_ANNOTATION, ""))
        if owner is not None and owner.is_visible():
            return owner.has_ended()
        age = self.now() - datetime.fromisoformat(metadata["creationTimestamp"])
        return age.total_seconds() > LIFETIME_S
