"""The state of a pod's image and container, from its status."""

from typing import Any


def is_running(pod: dict[str, Any]) -> bool:
    """Return whether the pod's phase is Running."""
    return bool(pod["status"]["phase"] == "Running")


def image_digest(pod: dict[str, Any]) -> str:
    """Return the digest of the image that the pod's container runs."""
    return str(pod["status"]["containerStatuses"][0]["imageID"]).rpartition("@")[2]


def has_container(pod: dict[str, Any]) -> bool:
    """Return whether a container was ever created for the pod."""
    return any("containerID" in container for container in pod["status"].get("containerStatuses", []))


def waits_for(pod: dict[str, Any]) -> tuple[str, str]:
    """Return reason and message of a container that cannot start, or two empty strings."""
    for container in pod["status"].get("containerStatuses", []):
        waiting = container["state"].get("waiting", {})
        return str(waiting.get("reason", "")), str(waiting.get("message", ""))
    return "", ""


def is_refused(pod: dict[str, Any]) -> bool:
    """Return whether the pod's container waits because its image cannot be pulled."""
    return waits_for(pod)[0] in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull")


def is_decided(pod: dict[str, Any]) -> bool:
    """Return whether the pod runs or its image cannot be pulled."""
    return is_running(pod) or is_refused(pod)
