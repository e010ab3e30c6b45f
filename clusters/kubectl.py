"""kubectl on a control plane node: clusters are set up with the node's own tools and credentials."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml

from clusters.engine import Engine

KUBECONFIG = "/etc/kubernetes/admin.conf"


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs `kubectl` in the container of one control plane node. Raises `CommandFailed`."""

    engine: Engine
    container: str

    def run(self, *argv: str, stdin: str | None = None, timeout_s: float = 60.0) -> str:
        return self.engine.exec(
            self.container, "kubectl", f"--kubeconfig={KUBECONFIG}", *argv, stdin=stdin, timeout_s=timeout_s
        ).stdout

    def get(self, *argv: str) -> dict[str, Any]:
        """`kubectl get ... -o json`."""
        found: dict[str, Any] = json.loads(self.run("get", *argv, "--output=json"))
        return found

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Server-side apply, so that what is there already is brought to what is wanted."""
        self.run(
            *("apply", "--server-side", "--force-conflicts", "--field-manager=kubeproof", "--filename=-"),
            stdin=yaml.safe_dump_all(manifests, sort_keys=False),
        )

    def raw(self, path: str) -> str:
        """GET a path of the API server."""
        return self.run("get", f"--raw={path}")
