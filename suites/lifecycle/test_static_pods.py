"""Static pods: pods that a kubelet runs from manifests in its own folder."""

from typing import Any

import pytest

from harness.kube.nodes.control_plane import ControlPlane
from harness.kube.nodes.shell import StaticPods
from harness.suite import (
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    Node,
    Observation,
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
"""A kubelet syncs each of its pods every 60 to 90 s."""

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
    """Changing and deleting its mirror pod does not affect the container, and a ReplicaSet does not adopt it."""
    node = cluster.workers[0]
    static_pods.put(node, "static.yaml", name="static", policy="Always", script=FOR_EVER, **NO_PROBES)
    mirror = f"static-{node.name}"
    path = f"/api/v1/namespaces/{namespace}/pods/{mirror}"
    before = waits.wait_pod_appears(namespace, mirror, "ready", is_ready)
    ran_before = static_pods.running_containers(node, mirror)
    kube.merge(path, {"metadata": {"labels": {"edited": "yes"}}})
    kube.request("DELETE", path)
    remade = observe_within(
        f"a new mirror pod {namespace}/{mirror}",
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
    owner_names = ", ".join(f"{owner['kind']} {owner['name']}" for owner in owners)
    claim.decide(
        "3.2",
        by_node,
        f"The owner of mirror pod {mirror} is {owner_names}. A ReplicaSet with a matching selector "
        f"{'created its own pod' if by_node else 'adopted the mirror pod'}.",
    )
    assert same_container, (
        f"mirror pod {mirror} had container {container_id(before)} before it was deleted, afterwards "
        f"{container_id(after)} with {restarts(after)} restarts"
    )
    assert unedited, f"mirror pod {mirror} kept the label that was set through the API server"
    assert by_node, f"owners of mirror pod {mirror}: {owners}"


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
    """The kubelet restarts a static pod with a failing liveness probe, like an ordinary pod.

    A failing readiness probe keeps it unready. With restartPolicy Never it is not restarted after it has ended.
    """
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
    # A pod that has just started is not Ready anyway. The second restart above takes ten seconds of back-off, so this
    # status is at least that much later.
    runs_on = waits.wait_pod_appears(namespace, f"unready-{node.name}", "as it is", lambda pod: True)
    stays_unready = not is_ready(runs) and not is_ready(runs_on)
    claim.record("3.3", decide_static_probes(StaticProbes(sick.met, stays_unready, ordinary.met)))
    ordinary.require()
    sick.require()
    assert stays_unready, f"static pod unready-{node.name} is Ready although its readiness probe fails"
    always.require()
    never = waits.wait_pod_appears(namespace, f"ends-never-{node.name}", "as it is", lambda pod: True)
    stayed = never["status"]["phase"] == "Succeeded" and restarts(never) == 0
    claim.decide(
        "6.3",
        not stayed,
        f"On node {node.name} a static pod with restartPolicy Never that had exited was {never['status']['phase']} "
        f"with {restarts(never)} restarts, when one with Always had been restarted twice"
        f"{': the policy applies to static pods too' if stayed else ''}.",
    )
    assert stayed, f"static pod ends-never-{node.name}: {never['status']['phase']}, {restarts(never)} restarts"


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
    """Without the API server the kubelet starts and stops static pods as their manifests are added and removed.

    With the API server running no other node runs a static pod, although it can see the mirror pod.
    """
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
    mirror = waits.observe_pod(namespace, f"{later}-{node.name}", "created", lambda pod: True, MIRROR_DEADLINE_S)
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
    assert not elsewhere, f"static pod {later} ran on {elsewhere}, although its manifest was on {node.name} only"


def container_id(pod: dict[str, Any]) -> str:
    """Return the id of the pod's first container."""
    return str(pod["status"]["containerStatuses"][0]["containerID"])


def containers(static_pods: StaticPods, node: Node, name: str) -> tuple[str, ...]:
    """Return the running containers of the static pod `name` whose manifest is in that node's folder."""
    return static_pods.running_containers(node, f"{name}-{node.name}")
