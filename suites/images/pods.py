"""What a pod says of its image."""

from typing import Any


def is_running(pod: dict[str, Any]) -> bool:
    return bool(pod["status"]["phase"] == "Running")


def image_digest(pod: dict[str, Any]) -> str:
    """The digest of the image that the pod's container was made of."""
    return str(pod["status"]["containerStatuses"][0]["imageID"]).rpartition("@")[2]


def has_container(pod: dict[str, Any]) -> bool:
    """A container was made for the pod, whatever became of it."""
    return any("containerID" in container for container in pod["status"].get("containerStatuses", []))


def waits_for(pod: dict[str, Any]) -> tuple[str, str]:
    """Reason and message of a container that cannot start, or two empty words."""
    for container in pod["status"].get("containerStatuses", []):
        waiting = container["state"].get("waiting", {})
        return str(waiting.get("reason", "")), str(waiting.get("message", ""))
    return "", ""


def is_refused(pod: dict[str, Any]) -> bool:
    """Its image could not be had, and the pod says so."""
    return waits_for(pod)[0] in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull")


def is_decided(pod: dict[str, Any]) -> bool:
    """It runs, or says that it cannot."""
    return is_running(pod) or is_refused(pod)
