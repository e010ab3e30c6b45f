"""Static pods: a file in a kubelet's own folder, and nobody else's business."""

from typing import Any

import pytest

from harness.suite import (
    ClaimRecorder,
    Cluster,
    ControlPlane,
    Kube,
    ManifestMaker,
    StaticPods,
    Waits,
    is_ready,
    restarts,
    wait_until,
)

FOR_EVER = "sleep 3600 & wait"
MIRROR_DEADLINE_S = 120.0
"""A kubelet looks after each of its pods once in a minute to a minute and a half."""

FAILING = "{exec: {command: ['false']}, periodSeconds: 1, failureThreshold: 1}"


@pytest.mark.long
@pytest.mark.disruptive
@pytest.mark.claim("3.1", "3.2")
def test_a_static_pod_belongs_to_its_node(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    static_pods: StaticPods,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """Editing and deleting its mirror changes nothing on the node, and no ReplicaSet adopts it."""
    node = cluster.workers[0]
    static_pods.put(node, "static.yaml", name="static", policy="Always", script=FOR_EVER, probe="null")
    mirror = f"static-{node.name}"
    path = f"/api/v1/namespaces/{namespace}/pods/{mirror}"
    before = waits.wait_pod_appears(namespace, mirror, "ready", is_ready)
    kube.merge(path, {"metadata": {"labels": {"edited": "yes"}}})
    kube.request("DELETE", path)
    after = wait_until(
        f"a new mirror of static pod {namespace}/{mirror}",
        lambda: kube.find(path),
        lambda pod: pod is not None and is_ready(pod) and pod["metadata"]["uid"] != before["metadata"]["uid"],
        deadline_s=MIRROR_DEADLINE_S,
    )
    assert after is not None
    same_container = container_id(after) == container_id(before) and restarts(after) == 0
    unedited = "edited" not in after["metadata"]["labels"]
    claim.decide(
        "3.1",
        same_container and unedited,
        f"Its mirror can be seen through the API server as {mirror}. It was given a label and deleted, and the kubelet "
        f"made it anew {'without' if unedited else 'with'} that label. Its container was {container_id(before)[-12:]} "
        f"before and {container_id(after)[-12:]} after, with {restarts(after)} restarts.",
    )

    create("replicaset.yaml", app="static")
    wait_until(
        f"ReplicaSet {namespace}/owner ready",
        lambda: kube.get(f"/apis/apps/v1/namespaces/{namespace}/replicasets/owner"),
        lambda found: found["status"].get("readyReplicas") == 1,
        deadline_s=60.0,
    )
    owners = kube.get(path)["metadata"]["ownerReferences"]
    by_node = [(owner["kind"], owner["name"]) for owner in owners] == [("Node", node.name)]
    told = ", ".join(f"{owner['kind']} {owner['name']}" for owner in owners)
    claim.decide(
        "3.2",
        by_node,
        f"It belongs to {told}; a ReplicaSet whose "
        f"selector fits it {'made a pod of its own' if by_node else 'adopted it'}.",
    )
    assert same_container
    assert unedited
    assert by_node, owners


@pytest.mark.disruptive
@pytest.mark.claim("3.3", "6.3")
def test_the_kubelet_probes_static_pods_and_keeps_to_their_policy(
    cluster: Cluster, static_pods: StaticPods, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """A failing liveness probe has it restarted; with Never one that has ended stays ended."""
    node = cluster.workers[0]
    static_pods.put(node, "static.yaml", name="sick", policy="Always", script=FOR_EVER, probe=FAILING)
    static_pods.put(node, "static.yaml", name="ends-always", policy="Always", script="exit 0", probe="null")
    static_pods.put(node, "static.yaml", name="ends-never", policy="Never", script="exit 0", probe="null")
    sick = waits.wait_pod_appears(namespace, f"sick-{node.name}", "restarted", lambda pod: restarts(pod) > 0)
    killed = sick["status"]["containerStatuses"][0]["lastState"]["terminated"]
    claim.decide(
        "3.3",
        restarts(sick) == 0,
        f"A static pod with a failing liveness probe was restarted by the kubelet (exit code {killed['exitCode']}): "
        "it probes static pods as it probes others.",
    )
    waits.wait_pod_appears(namespace, f"ends-always-{node.name}", "restarted twice", lambda pod: restarts(pod) >= 2)
    never = waits.wait_pod_appears(namespace, f"ends-never-{node.name}", "as it is", lambda pod: True)
    stayed = never["status"]["phase"] == "Succeeded" and restarts(never) == 0
    claim.decide(
        "6.3",
        not stayed,
        f"A static pod with restartPolicy Never that exited was {never['status']['phase']} with {restarts(never)} "
        "restarts, while one with Always beside it had been restarted twice"
        f"{': the policy counts for static pods too' if stayed else ''}.",
    )
    assert stayed


@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.claim("3.4")
def test_a_static_pod_needs_no_api_server(
    cluster: Cluster,
    control_plane: ControlPlane,
    static_pods: StaticPods,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """With the API server stopped, a file that appears is run, and one that disappears is stopped."""
    node, name = cluster.workers[0], f"alone-{namespace[-6:]}"

    def running() -> tuple[str, ...]:
        return static_pods.running_containers(node, f"{name}-{node.name}")

    with control_plane.stopped("kube-apiserver"):
        static_pods.put(node, "static.yaml", name=name, policy="Always", script=FOR_EVER, probe="null")
        started = wait_until(f"a container of {name} on {node.name}", running, bool, deadline_s=60.0)
        static_pods.remove(node, name)
        wait_until(f"no container of {name} on {node.name}", running, lambda found: not found, deadline_s=60.0)
    claim.confirmed(
        "3.4",
        f"While the API server was stopped, node {node.name} ran a pod whose file was put there "
        f"({started[0][:12]}) and stopped it when the file was taken away.",
    )


def container_id(pod: dict[str, Any]) -> str:
    return str(pod["status"]["containerStatuses"][0]["containerID"])
