"""Init containers and sidecars."""

from typing import Any

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, is_ready


@pytest.mark.claim("10.1")
def test_init_containers_run_in_order_and_must_succeed(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Each init container starts after the one before has succeeded, and the app starts after all of them.

    An init container that fails keeps the app from starting.
    """
    create("init.yaml")
    create("init-fails.yaml", name="tries-again", policy="Always")
    create("init-fails.yaml", name="gives-up", policy="Never")
    waits.wait_pod(namespace, "in-order", "in its first init container", lambda pod: init_runs(pod, "first"))
    touch(kube, namespace, "in-order", "first", "/notes/go")
    waits.wait_pod(namespace, "in-order", "ready", is_ready)
    notes = kube.exec(namespace, "in-order", ("cat", "/notes/log")).stdout.split("\n")[:-1]
    again = waits.wait_pod(namespace, "tries-again", "trying again", lambda pod: init_restarts(pod) >= 2)
    given_up = waits.wait_pod(namespace, "gives-up", "failed", lambda pod: pod["status"]["phase"] == "Failed")

    in_order = notes == ["begin first", "end first", "begin second", "end second", "begin app"]
    blocked = never_started(again) and never_started(given_up) and again["status"]["phase"] == "Pending"
    claim.decide(
        "10.1",
        in_order and blocked,
        f"Begin and end of the containers of pod in-order: {', '.join(notes)}. After a failing init container the app "
        f"{'never started' if never_started(again) and never_started(given_up) else 'started'}: with restartPolicy "
        f"Always the init container was restarted {init_restarts(again)} times and the pod was in phase "
        f"{again['status']['phase']}, with Never the pod was in phase {given_up['status']['phase']}.",
    )
    assert in_order, notes
    assert blocked, f"the app started after a failing init container: {again['status']}, {given_up['status']}"


def test_a_sidecar_is_up_before_the_app_and_does_not_outlive_it(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """A sidecar, an init container with restartPolicy Always, starts before the app and ends with the pod.

    The app fails if the sidecar has not started before it.
    """
    create("sidecar.yaml")
    waits.wait_pod(namespace, "with-sidecar", "in its sidecar", lambda pod: init_runs(pod, "sidecar"))
    touch(kube, namespace, "with-sidecar", "sidecar", "/notes/go")
    waits.wait_pod(namespace, "with-sidecar", "running with its app", lambda pod: pod["status"]["phase"] == "Running")
    touch(kube, namespace, "with-sidecar", "app", "/notes/end")
    ended = waits.wait_pod(namespace, "with-sidecar", "ended", lambda pod: "terminated" in main_state(pod))
    assert main_state(ended)["terminated"]["exitCode"] == 0, f"the app of pod with-sidecar: {main_state(ended)}"
    waits.wait_pod(namespace, "with-sidecar", "succeeded", lambda pod: pod["status"]["phase"] == "Succeeded")


def touch(kube: Kube, namespace: str, pod: str, container: str, file: str) -> None:
    """Create the file that a container waits for."""
    done = kube.exec(namespace, pod, ("touch", file), container=container)
    assert done.exit_code == 0, f"touch {file} in {container} of {namespace}/{pod}: {done.stderr}"


def init_runs(pod: dict[str, Any], name: str) -> bool:
    """Return whether the kubelet has reported the init container as running.

    If it started others too early, it would have done so in the same sync.
    """
    statuses = pod["status"].get("initContainerStatuses", [])
    return any(found["name"] == name and "running" in found["state"] for found in statuses)


def init_restarts(pod: dict[str, Any]) -> int:
    """Return the restarts of all init containers."""
    return sum(int(found["restartCount"]) for found in pod["status"].get("initContainerStatuses", []))


def never_started(pod: dict[str, Any]) -> bool:
    """Return whether no container of the app has ever been created: none has an id, now or in its last state."""
    return all(
        "waiting" in found["state"] and not found["lastState"] and not found["containerID"]
        if "containerID" in found
        else "waiting" in found["state"]
        for found in pod["status"]["containerStatuses"]
    )


def main_state(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the state of the pod's first container. Empty without a status."""
    statuses = pod["status"].get("containerStatuses", [])
    return dict(statuses[0]["state"]) if statuses else {}
