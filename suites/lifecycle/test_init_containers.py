"""What runs before the app."""

from typing import Any

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, is_ready


@pytest.mark.claim("10.1")
def test_init_containers_run_in_order_and_must_succeed(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """One after the other's success, all before the app; one that fails keeps the app from starting."""
    create("init.yaml")
    create("init-fails.yaml", name="tries-again", policy="Always")
    create("init-fails.yaml", name="gives-up", policy="Never")
    waits.wait_pod(namespace, "in-order", "in its first init container", lambda pod: init_runs(pod, "first"))
    tell(kube, namespace, "in-order", "first", "/notes/go")
    waits.wait_pod(namespace, "in-order", "ready", is_ready)
    notes = kube.exec(namespace, "in-order", ("cat", "/notes/log")).stdout.split("\n")[:-1]
    again = waits.wait_pod(namespace, "tries-again", "trying again", lambda pod: init_restarts(pod) >= 2)
    given_up = waits.wait_pod(namespace, "gives-up", "failed", lambda pod: pod["status"]["phase"] == "Failed")

    in_order = notes == ["begin first", "end first", "begin second", "end second", "begin app"]
    blocked = never_started(again) and never_started(given_up) and again["status"]["phase"] == "Pending"
    claim.decide(
        "10.1",
        in_order and blocked,
        f"What the containers noted: {', '.join(notes)}. Behind a failing init container the app "
        f"{'never started' if never_started(again) and never_started(given_up) else 'started'}: with "
        f"Always it was tried again ({init_restarts(again)} times) and the pod stayed {again['status']['phase']}, "
        f"with Never the pod {given_up['status']['phase']}.",
    )
    assert in_order, notes
    assert blocked


def test_a_sidecar_is_up_before_the_app_and_does_not_outlive_it(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """restartPolicy Always on an init container; the app fails unless the sidecar was up first."""
    create("sidecar.yaml")
    waits.wait_pod(namespace, "with-sidecar", "in its sidecar", lambda pod: init_runs(pod, "sidecar"))
    tell(kube, namespace, "with-sidecar", "sidecar", "/notes/go")
    waits.wait_pod(namespace, "with-sidecar", "beside its app", lambda pod: pod["status"]["phase"] == "Running")
    tell(kube, namespace, "with-sidecar", "app", "/notes/end")
    ended = waits.wait_pod(namespace, "with-sidecar", "ended", lambda pod: "terminated" in main_state(pod))
    assert main_state(ended)["terminated"]["exitCode"] == 0
    waits.wait_pod(namespace, "with-sidecar", "succeeded", lambda pod: pod["status"]["phase"] == "Succeeded")


def tell(kube: Kube, namespace: str, pod: str, container: str, file: str) -> None:
    """Make the file that a container waits for."""
    told = kube.exec(namespace, pod, ("touch", file), container=container)
    assert told.exit_code == 0, f"touch {file} in {container} of {namespace}/{pod}: {told.stderr}"


def init_runs(pod: dict[str, Any], name: str) -> bool:
    """The kubelet has reported that the init container runs, in the round in which it would have begun others, too."""
    statuses = pod["status"].get("initContainerStatuses", [])
    return any(found["name"] == name and "running" in found["state"] for found in statuses)


def init_restarts(pod: dict[str, Any]) -> int:
    return sum(int(found["restartCount"]) for found in pod["status"].get("initContainerStatuses", []))


def never_started(pod: dict[str, Any]) -> bool:
    """No container of the app has an id, running, ended or before."""
    return all(
        "waiting" in found["state"] and not found["lastState"] and not found["containerID"]
        if "containerID" in found
        else "waiting" in found["state"]
        for found in pod["status"]["containerStatuses"]
    )


def main_state(pod: dict[str, Any]) -> dict[str, Any]:
    statuses = pod["status"].get("containerStatuses", [])
    return dict(statuses[0]["state"]) if statuses else {}
