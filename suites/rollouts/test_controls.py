"""Controls of a rollout: pause, progress deadline, undo, revision history and minReadySeconds."""

from datetime import datetime, timedelta
from typing import Any

from harness.kube.objects.workloads import update_template
from harness.suite import Kube, ManifestMaker, Waits, condition_of, is_ready, wait_until

NO_LIMITS = {"history": 10, "deadline_s": 600, "ready_for_s": 0}
HOLD_S = 4


def test_a_paused_deployment_keeps_its_pods_until_it_goes_on(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """A paused Deployment's controller observes the new template and creates no ReplicaSet for it."""
    create("controlled.yaml", **NO_LIMITS)
    waits.wait_deployment_available(namespace, "web")
    kube.merge(path_of_web(namespace), {"spec": {"paused": True}})
    update_template(kube, namespace, "web", "second")
    wait_observed(kube, namespace)
    assert len(replica_sets(kube, namespace)) == 1, "a paused Deployment made a ReplicaSet for its new template"
    kube.merge(path_of_web(namespace), {"spec": {"paused": None}})
    waits.wait_deployment_available(namespace, "web")
    assert len(replica_sets(kube, namespace)) == 2


def test_a_rollout_without_progress_says_so_and_leaves_the_old_pods(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """After progressDeadlineSeconds the condition Progressing is False, and the old pods keep running."""
    create("controlled.yaml", **NO_LIMITS)
    waits.wait_deployment_available(namespace, "web")
    old = {pod["metadata"]["name"] for pod in waits.wait_pods_ready(namespace, "app=web", 2)}
    # Set the short deadline together with the template that makes no progress: on a busy node the first pods may take
    # longer than that to start.
    nowhere = {"template": {"spec": {"nodeSelector": {"kubeproof.io/none": "such"}}}}
    kube.merge(path_of_web(namespace), {"spec": {"progressDeadlineSeconds": 3, **nowhere}})
    wait_until(
        f"Deployment {namespace}/web past its progress deadline",
        lambda: kube.get(path_of_web(namespace))["status"].get("conditions", []),
        lambda found: any(given_up(condition) for condition in found),
        deadline_s=60.0,
    )
    pods = kube.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert old <= {pod["metadata"]["name"] for pod in pods if is_ready(pod)}


def test_an_undone_update_takes_the_old_replica_set_again(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """The old template gets its old ReplicaSet under a new revision, which is how `kubectl rollout undo` works."""
    create("controlled.yaml", **NO_LIMITS)
    waits.wait_deployment_available(namespace, "web")
    first = {name for name, size in replica_sets(kube, namespace).items() if size}
    update_template(kube, namespace, "web", "second")
    waits.wait_deployment_available(namespace, "web")
    update_template(kube, namespace, "web", None)
    undone = waits.wait_deployment_available(namespace, "web")
    assert {name for name, size in replica_sets(kube, namespace).items() if size} == first
    assert undone["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_no_more_old_revisions_are_kept_than_asked_for(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """With revisionHistoryLimit 1 the current ReplicaSet and one old one are kept."""
    create("controlled.yaml", **{**NO_LIMITS, "history": 1})
    waits.wait_deployment_available(namespace, "web")
    for revision in ("second", "third"):
        update_template(kube, namespace, "web", revision)
        waits.wait_deployment_available(namespace, "web")
    wait_until(
        f"2 ReplicaSets of Deployment {namespace}/web left",
        lambda: replica_sets(kube, namespace),
        lambda found: len(found) == 2,
        deadline_s=30.0,
    )


def test_a_pod_counts_as_available_once_it_has_been_ready_long_enough(
    create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """The Deployment is Available minReadySeconds after its pods are Ready, by the times in the objects' conditions."""
    create("controlled.yaml", **{**NO_LIMITS, "ready_for_s": HOLD_S})
    available_since = since(waits.wait_deployment_available(namespace, "web"), "Available")
    # The controller counts from this time. Both times are truncated to whole seconds, which cannot make the difference
    # too small.
    ready_since = max(since(pod, "Ready") for pod in waits.wait_pods_ready(namespace, "app=web", 2))
    assert available_since - ready_since >= timedelta(seconds=HOLD_S), (ready_since, available_since)


def path_of_web(namespace: str) -> str:
    """Return the API path of Deployment web."""
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/web"


def replica_sets(kube: Kube, namespace: str) -> dict[str, int]:
    """Return the desired size of each ReplicaSet by name."""
    found = kube.get(f"/apis/apps/v1/namespaces/{namespace}/replicasets")["items"]
    return {item["metadata"]["name"]: item["spec"]["replicas"] for item in found}


def wait_observed(kube: Kube, namespace: str) -> None:
    """Wait until the controller has observed the Deployment's current generation."""
    wait_until(
        f"the newest generation of Deployment {namespace}/web observed",
        lambda: kube.get(path_of_web(namespace)),
        lambda found: found["status"]["observedGeneration"] == found["metadata"]["generation"],
        describe=lambda found: f"observed {found['status']['observedGeneration']} of {found['metadata']['generation']}",
        deadline_s=30.0,
    )


def given_up(condition: dict[str, Any]) -> bool:
    """Return whether this condition reports that the progress deadline is exceeded."""
    wanted = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    return wanted.items() <= condition.items()


def since(found: dict[str, Any], kind: str) -> datetime:
    """Return the last transition time of the object's condition of that kind."""
    return datetime.fromisoformat(condition_of(found, kind)["lastTransitionTime"])
