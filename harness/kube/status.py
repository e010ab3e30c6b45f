"""The status of pods, Deployments and DaemonSets, read from their manifests."""

from __future__ import annotations

from typing import Any

FATAL_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"})
"""Reasons of a waiting container that do not go away by waiting."""


def condition_of(found: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return an object's condition of that kind; empty if it has none."""
    conditions = found.get("status", {}).get("conditions") or []  # a new CustomResourceDefinition's are null
    return next((dict(condition) for condition in conditions if condition["type"] == kind), {})


def is_ready(pod: dict[str, Any]) -> bool:
    """Return whether the pod's Ready condition is True and the pod is not being deleted."""
    conditions = {found["type"]: found["status"] for found in pod.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def why_never_ready(pod: dict[str, Any]) -> str | None:
    """Return why the pod will never be Ready, or None."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if status.get("phase") in ("Failed", "Succeeded"):
        return f"pod {name} has ended: {status['phase']}"
    for container in status.get("containerStatuses", []):
        waiting = container["state"].get("waiting", {})
        if waiting.get("reason") in FATAL_REASONS:
            return f"pod {name}: {waiting['reason']}: {waiting.get('message', '')}"
    return None


def unschedulable(pod: dict[str, Any]) -> str | None:
    """Return the scheduler's message about a pod for which it finds no node, or None."""
    for found in pod.get("status", {}).get("conditions", []):
        if found["type"] == "PodScheduled" and found.get("reason") == "Unschedulable":
            return str(found.get("message"))
    return None


def restarts(pod: dict[str, Any]) -> int:
    """Return the sum of the restart counts of a pod's containers."""
    return sum(int(found["restartCount"]) for found in pod.get("status", {}).get("containerStatuses", []))


def pod_state(pod: dict[str, Any]) -> str:
    """Return one pod in words: its name, phase, readiness, and the reasons why its containers wait."""
    status = pod.get("status", {})
    reasons = [
        container["state"]["waiting"].get("reason", "")
        for container in status.get("containerStatuses", [])
        if "waiting" in container["state"]
    ]
    unscheduled = [
        found.get("message", "")
        for found in status.get("conditions", [])
        if found["type"] == "PodScheduled" and found["status"] == "False"
    ]
    ready = "Ready" if is_ready(pod) else "not Ready"
    return " ".join([pod["metadata"]["name"], status.get("phase", "?"), ready, *reasons, *unscheduled])


def is_rolled_out(deployment: dict[str, Any]) -> bool:
    """Return whether the controller has observed the newest generation, and only its replicas exist, all available."""
    desired, status = deployment["spec"]["replicas"], deployment.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [desired] * 3


def past_its_progress_deadline(deployment: dict[str, Any]) -> str | None:
    """Return the controller's message about a rollout that exceeded its progress deadline, or None."""
    for found in deployment.get("status", {}).get("conditions", []):
        if found.get("reason") == "ProgressDeadlineExceeded":
            return str(found.get("message"))
    return None


def runs_on_every_node(daemon_set: dict[str, Any]) -> bool:
    """Return whether the controller has observed the newest generation and each desired node has a ready pod of it."""
    status = daemon_set.get("status", {})
    desired = status.get("desiredNumberScheduled", 0)
    counts = [status.get(name, 0) for name in ("updatedNumberScheduled", "numberReady")]
    observed = status.get("observedGeneration") == daemon_set["metadata"]["generation"]
    return bool(observed and desired and counts == [desired] * 2)
