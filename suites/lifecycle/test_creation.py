"""Who does what when a pod comes to be."""

from collections.abc import Iterable
from typing import Any

import pytest

from harness.suite import (
    ApiException,
    ClaimRecorder,
    ControlPlane,
    Etcd,
    Kube,
    ManifestMaker,
    ManifestReader,
    Waits,
    WatchMaker,
    WatchRecorder,
    is_ready,
)
from suites.lifecycle.decisions import WithoutControllerManager, decide_creation


@pytest.mark.claim("5.1")
def test_a_deployment_becomes_pods_step_by_step(
    kube: Kube,
    create: ManifestMaker,
    record_watch: WatchMaker,
    etcd: Etcd,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """Stored, multiplied by controllers, bound by the scheduler, started and reported by the kubelet."""
    with record_watch("deployments", "replicasets", "pods") as recorder:
        create("bare-and-deployed.yaml")
        waits.wait_deployment_available(namespace, "web")
    keys = etcd.keys(f"/registry/deployments/{namespace}/web")
    steps = {
        "Deployment stored": revision(recorder, "deployments", lambda found: True),
        "ReplicaSet made": revision(recorder, "replicasets", lambda found: True),
        "pod made, on no node": revision(recorder, "pods", lambda pod: "nodeName" not in pod["spec"]),
        "pod bound": revision(recorder, "pods", lambda pod: "nodeName" in pod["spec"]),
        "pod reported running": revision(recorder, "pods", lambda pod: pod["status"]["phase"] == "Running"),
    }
    (pod,) = kube.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dweb")["items"]
    made_by, told_by = writers(pod)
    order = list(steps.values())
    holds = bool(keys) and order == sorted(order) and made_by == "kube-controller-manager" and told_by == "kubelet"
    claim.decide(
        "5.1",
        holds,
        "By the order in which etcd stored them: "
        + ", then ".join(sorted(steps, key=lambda step: steps[step]))
        + f". etcd holds {', '.join(keys)}. The pod was made by {made_by}, its status written by {told_by}.",
    )
    assert holds, (steps, keys, made_by, told_by)


@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.claim("5.2")
def test_a_pod_starts_without_the_controller_manager(
    kube: Kube,
    read_manifest: ManifestReader,
    control_plane: ControlPlane,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """With it stopped a bare pod is stored, bound and started; a Deployment is stored and waits for its pods."""
    with control_plane.stopped("kube-controller-manager"):
        refused = refusals(kube, namespace, read_manifest("bare-and-deployed.yaml"))
        bare = waits.observe_pod(namespace, "bare", "ready", is_ready)
        deployed = kube.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dweb")["items"]
        stored = kube.find(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    later = waits.observe_pods_ready(namespace, "app=web", 1)
    seen = WithoutControllerManager(
        stored={"Pod": bare.seen is not None, "Deployment": stored is not None},
        refusals=refused,
        pod_ready=bare.met,
        pods=len(deployed),
        pods_later=len(later.seen),
    )
    claim.record("5.2", decide_creation(seen))
    assert not refused, f"without the controller-manager the API server refused {refused}"
    bare.require()
    later.require()
    assert stored is not None
    assert not deployed


def refusals(kube: Kube, namespace: str, manifests: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Create these objects. Return, by kind, how the API server refused to store those that it refused."""
    refused = {}
    for manifest in manifests:
        try:
            kube.create(namespace, manifest)
        except ApiException as refusal:
            refused[manifest["kind"]] = f"{refusal.status} {refusal.reason}"
    return refused


def revision(recorder: WatchRecorder, kind: str, wanted: Any) -> int:
    """The etcd revision of the first event of the Deployment's objects of which `wanted` holds."""
    return min(
        int(event.object["metadata"]["resourceVersion"])
        for event in recorder.events(kind)
        if event.name.startswith("web") and wanted(event.object)
    )


def writers(pod: dict[str, Any]) -> tuple[str, str]:
    """Who made the pod, and who wrote its status last."""
    fields = pod["metadata"]["managedFields"]
    made = next(entry["manager"] for entry in fields if entry.get("subresource", "") == "")
    told = next(entry["manager"] for entry in fields if entry.get("subresource") == "status")
    return str(made), str(told)
