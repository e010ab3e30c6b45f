"""Installation of add-ons in the cluster under test, when a case first asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.kube.client import Kube
from harness.kube.kinds import path_of
from harness.kube.status import condition_of, runs_on_every_node
from harness.kube.wait import Waits, wait_until

DEADLINE_S = 120.0
"""Includes the time in which a node unpacks an image that it uses for the first time."""


def install(kube: Kube, waits: Waits, manifests: Iterable[dict[str, Any]]) -> None:
    """Apply manifests in order and wait until their workloads run. Installing an add-on again changes nothing."""
    objects = tuple(manifests)
    for manifest in objects:
        kube.apply(_namespace(manifest), manifest)
        if manifest["kind"] == "CustomResourceDefinition":
            _wait_served(kube, manifest)
    for manifest in objects:
        if manifest["kind"] == "Deployment":
            waits.wait_deployment_available(_namespace(manifest), manifest["metadata"]["name"], DEADLINE_S)
        if manifest["kind"] == "DaemonSet":
            _wait_on_every_node(kube, manifest)


def _namespace(manifest: dict[str, Any]) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def _wait_served(kube: Kube, manifest: dict[str, Any]) -> None:
    wait_until(
        f"{manifest['metadata']['name']} of cluster {kube.cluster.name} served",
        lambda: kube.get(path_of("", manifest)),
        lambda found: condition_of(found, "Established").get("status") == "True",
        describe=lambda found: f"{found.get('status')}",
        deadline_s=DEADLINE_S,
    )


def _wait_on_every_node(kube: Kube, manifest: dict[str, Any]) -> None:
    wait_until(
        f"DaemonSet {_namespace(manifest)}/{manifest['metadata']['name']} of cluster {kube.cluster.name} on every node",
        lambda: kube.get(path_of(_namespace(manifest), manifest)),
        runs_on_every_node,
        describe=lambda found: f"generation {found['metadata']['generation']}, {found.get('status')}",
        deadline_s=DEADLINE_S,
    )
