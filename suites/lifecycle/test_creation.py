"""The components that create, bind, start and report a pod."""

from collections.abc import Iterable
from typing import Any

import pytest

from harness.kube.nodes.control_plane import ControlPlane
from harness.kube.nodes.etcd import Etcd
from harness.suite import (
    ApiException,
    ClaimRecorder,
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
    """A Deployment is stored, controllers create its pods, the scheduler binds them, the kubelet starts them."""
    with record_watch("deployments", "replicasets", "pods") as recorder:
        create("bare-and-deployed.yaml")
        waits.wait_deployment_available(namespace, "web")
    keys = etcd.keys(f"/registry/deployments/{namespace}/web")
    steps = {
        "Deployment stored": revision(recorder, "deployments", lambda found: True),
        "ReplicaSet created": revision(recorder, "replicasets", lambda found: True),
        "pod created without a node": revision(recorder, "pods", lambda pod: "nodeName" not in pod["spec"]),
        "pod bound": revision(recorder, "pods", lambda pod: "nodeName" in pod["spec"]),
        "pod reported running": revision(recorder, "pods", lambda pod: pod["status"]["phase"] == "Running"),
    }
    (pod,) = kube.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dweb")["items"]
    created_by, status_by = writers(pod)
    order = list(steps.values())
    holds = bool(keys) and order == sorted(order) and created_by == "kube-controller-manager" and status_by == "kubelet"
    claim.decide(
        "5.1",
        holds,
        "In the order of their etcd revisions: "
        + ", then ".join(sorted(steps, key=lambda step: steps[step]))
        + f". etcd has the keys {', '.join(keys)}. {created_by} created pod {pod['metadata']['name']}, and {status_by} "
        "wrote its status.",
    )
    assert holds, f"etcd revisions {steps}, keys {keys}, pod created by {created_by}, status written by {status_by}"


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
    """Without the controller-manager a bare pod is stored, bound and started.

    A Deployment is stored, and gets its pods once the controller-manager runs again.
    """
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
    assert not refused, f"while the controller-manager was stopped, the API server refused {refused}"
    bare.require()
    later.require()
    assert stored is not None, f"Deployment {namespace}/web was not stored while the controller-manager was stopped"
    assert not deployed, f"Deployment {namespace}/web had {len(deployed)} pods while the controller-manager was stopped"


def refusals(kube: Kube, namespace: str, manifests: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Create these objects. Return the API server's answer for each kind that it refused to store."""
    refused = {}
    for manifest in manifests:
        try:
            kube.create(namespace, manifest)
        except ApiException as refusal:
            refused[manifest["kind"]] = f"{refusal.status} {refusal.reason}"
    return refused


def revision(recorder: WatchRecorder, kind: str, wanted: Any) -> int:
    """Return the etcd revision of the first event of the Deployment's objects for which `wanted` is true."""
    return min(
        int(event.object["metadata"]["resourceVersion"])
        for event in recorder.events(kind)
        if event.name.startswith("web") and wanted(event.object)
    )


def writers(pod: dict[str, Any]) -> tuple[str, str]:
    """Return the components that created the pod and that last wrote its status, from its managedFields."""
    fields = pod["metadata"]["managedFields"]
    creator = next(entry["manager"] for entry in fields if entry.get("subresource", "") == "")
    reporter = next(entry["manager"] for entry in fields if entry.get("subresource") == "status")
    return str(creator), str(reporter)
