"""Scheduling gates: the scheduler ignores a pod until its last gate is removed."""

from typing import Any

from harness.suite import Kube, ManifestMaker, Waits


def test_a_gated_pod_waits_until_its_last_gate_is_gone(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    create("gated.yaml")
    path = f"/api/v1/namespaces/{namespace}/pods/gated"
    waits.wait_pod(namespace, "gated", "gated", is_gated)
    kube.merge(path, {"spec": {"schedulingGates": [{"name": "example.com/second"}]}})
    still = waits.wait_pod(namespace, "gated", "still gated", is_gated)
    assert "nodeName" not in still["spec"], f"pod gated, with one gate left, is on node {still['spec']['nodeName']}"
    kube.merge(path, {"spec": {"schedulingGates": None}})
    waits.wait_pod(namespace, "gated", "running", lambda pod: pod["status"]["phase"] == "Running")


def is_gated(pod: dict[str, Any]) -> bool:
    """Return whether the pod's PodScheduled condition has the reason SchedulingGated."""
    conditions = pod["status"].get("conditions", [])
    return any(found["type"] == "PodScheduled" and found.get("reason") == "SchedulingGated" for found in conditions)
