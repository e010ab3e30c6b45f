"""Static pods: a file in a kubelet's own folder, and nobody else's business."""

from typing import Any

import pytest

from harness.suite import (
    ClaimRecorder,
    Cluster,
    ControlPlane,
    Kube,
    ManifestMaker,
    Node,
    Observation,
    StaticPods,
    Waits,
    is_ready,
    observe_within,
    restarts,
    wait_until,
)
from suites.lifecycle.decisions import (
    MirrorManaged,
    StaticAlone,
    StaticProbes,
    decide_management,
    decide_static_creation,
    decide_static_probes,
)

FOR_EVER = "sleep 3600 & wait"
MIRROR_DEADLINE_S = 120.0
"""A kubelet looks after each of its pods once in a minute to a minute and a half."""

FAILING = "{exec: {command: ['false']}, periodSeconds: 1, failureThreshold: 1}"
NO_PROBES = {"probe": "null", "readiness": "null"}


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
    static_pods.put(node, "static.yaml", name="static", policy="Always", script=FOR_EVER, **NO_PROBES)
    mirror = f"static-{node.name}"
    path = f"/api/v1/namespaces/{namespace}/pods/{mirror}"
    before = waits.wait_pod_appears(namespace, mirror, "ready", is_ready)
    ran_before = static_pods.running_containers(node, mirror)
    kube.merge(path, {"metadata": {"labels": {"edited": "yes"}}})
    kube.request("DELETE", path)
    remade = observe_within(
        f"a new mirror of static pod {namespace}/{mirror}",
        lambda: kube.find(path),
        lambda pod: pod is not None and is_ready(pod) and pod["metadata"]["uid"] != before["metadata"]["uid"],
        within_s=MIRROR_DEADLINE_S,
    )
    managed = MirrorManaged(
        mirror=mirror,
        containers_before=ran_before,
        containers_after=static_pods.running_containers(node, mirror),
        remade=remade.met,
        label_kept=remade.met and remade.seen is not None and "edited" in remade.seen["metadata"]["labels"],
    )
    claim.record("3.1", decide_management(managed))
    after = remade.require()
    assert after is not None
    same_container = container_id(after) == container_id(before) and restarts(after) == 0
    unedited = not managed.label_kept

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
    cluster: Cluster,
    create: ManifestMaker,
    static_pods: StaticPods,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A failing liveness probe has it restarted, as an ordinary pod, and a failing readiness probe keeps it unready;
    with Never one that has ended stays ended."""
    node = cluster.workers[0]
    create("probed.yaml", node=node.name, probe=FAILING)
    static_pods.put(node, "static.yaml", name="sick", policy="Always", script=FOR_EVER, probe=FAILING, readiness="null")
    static_pods.put(
        node, "static.yaml", name="unready", policy="Always", script=FOR_EVER, probe="null", readiness=FAILING
    )
    static_pods.put(node, "static.yaml", name="ends-always", policy="Always", script="exit 0", **NO_PROBES)
    static_pods.put(node, "static.yaml", name="ends-never", policy="Never", script="exit 0", **NO_PROBES)
    ordinary = waits.observe_pod(namespace, "ordinary", "restarted", lambda pod: restarts(pod) > 0)
    sick = waits.observe_pod(namespace, f"sick-{node.name}", "restarted", lambda pod: restarts(pod) > 0)
    runs = waits.wait_pod_appears(
        namespace, f"unready-{node.name}", "running", lambda pod: pod["status"]["phase"] == "Running"
    )
    always = waits.observe_pod(namespace, f"ends-always-{node.name}", "restarted twice", lambda pod: restarts(pod) >= 2)
    # A pod that has just begun to run is not Ready anyway. The back-off before a second restart takes ten seconds.
    runs_on = waits.wait_pod_appears(namespace, f"unready-{node.name}", "as it is", lambda pod: True)
    stays_unready = not is_ready(runs) and not is_ready(runs_on)
    claim.record("3.3", decide_static_probes(StaticProbes(sick.met, stays_unready, ordinary.met)))
    ordinary.require()
    sick.require()
    assert stays_unready, "a static pod whose readiness probe fails is Ready"
    always.require()
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
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """With the API server stopped, a file that appears is run, and one that disappears is stopped; with it back, no
    other node runs a static pod whose mirror it can see."""
    node = cluster.workers[0]
    alone, later = f"alone-{namespace[-6:]}", f"later-{namespace[-6:]}"

    def observe_started(name: str) -> Observation[tuple[str, ...]]:
        static_pods.put(node, "static.yaml", name=name, policy="Always", script=FOR_EVER, **NO_PROBES)
        return observe_within(
            f"a container of {name} on {node.name}", lambda: containers(static_pods, node, name), bool, within_s=60.0
        )

    with control_plane.stopped("kube-apiserver"):
        started = observe_started(alone)
        static_pods.remove(node, alone)
        ended = observe_within(
            f"no container of {alone} on {node.name}",
            lambda: containers(static_pods, node, alone),
            lambda found: not found,
            within_s=60.0,
        )
    started_later = observe_started(later)
    mirror = waits.observe_pod(namespace, f"{later}-{node.name}", "there", lambda pod: True, MIRROR_DEADLINE_S)
    # Another node would run it under the name of that mirror pod, or under its own name if it had the manifest.
    elsewhere = tuple(
        other.name
        for other in cluster.nodes
        if other != node
        and any(static_pods.running_containers(other, f"{later}-{name}") for name in (node.name, other.name))
    )
    seen = StaticAlone(node.name, started.met, ended.met, started_later.met, elsewhere)
    claim.record("3.4", decide_static_creation(seen))
    for observation in (started, ended, started_later):
        observation.require()
    mirror.require()
    assert not elsewhere, f"{later} ran on {elsewhere}, and its manifest was on {node.name} alone"


def container_id(pod: dict[str, Any]) -> str:
    return str(pod["status"]["containerStatuses"][0]["containerID"])


def containers(static_pods: StaticPods, node: Node, name: str) -> tuple[str, ...]:
    """Return the running containers of the static pod `name` whose manifest is in the folder of that node."""
    return static_pods.running_containers(node, f"{name}-{node.name}")
