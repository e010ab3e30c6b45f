"""kubectl on a control plane node. Clusters are set up with the node's own tools and credentials."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml

from clusters.engine import Engine

KUBECONFIG = "/etc/kubernetes/admin.conf"


@dataclass(frozen=True, slots=True)
class Kubectl:
    """A `kubectl` that runs in the container of one control plane node. Its methods raise `CommandFailed`."""

    engine: Engine
    container: str

    def run(self, *argv: str, stdin: str | None = None, timeout_s: float = 60.0) -> str:
        return self.engine.exec(
            self.container, "kubectl", f"--kubeconfig={KUBECONFIG}", *argv, stdin=stdin, timeout_s=timeout_s
        ).stdout

    def get(self, *argv: str) -> dict[str, Any]:
        """Return the parsed output of `kubectl get ... --output=json`."""
        found: dict[str, Any] = json.loads(self.run("get", *argv, "--output=json"))
        return found

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Create or update objects by server-side apply."""
        self.run(
            *("apply", "--server-side", "--force-conflicts", "--field-manager=kubeproof", "--filename=-"),
            stdin=yaml.safe_dump_all(manifests, sort_keys=False),
        )

    def raw(self, path: str) -> str:
        """Return the API server's response to a GET of `path`."""
        return self.run("get", f"--raw={path}")
