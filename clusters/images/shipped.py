"""Manifests that an add-on's own module ships (RBAC, API registration): read there, never kept here."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from clusters.command import Commands
from clusters.images.programs import Module

METRICS_SERVER_PATH = "sigs.k8s.io/metrics-server"


def shipped_manifests(commands: Commands, module: Module) -> str:
    """metrics-server's manifests as one YAML stream, its Deployment left out: that one is ours."""
    told = commands.run("go", "mod", "download", "-json", METRICS_SERVER_PATH, cwd=module.directory, timeout_s=300)
    base = Path(json.loads(told.stdout)["Dir"]) / "manifests" / "base"
    documents = [
        document
        for file in sorted(base.glob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text())
        if document and document["kind"] not in ("Deployment", "Kustomization")
    ]
    return yaml.safe_dump_all(documents, sort_keys=False)
