"""The phases of a pod."""

from typing import Any

import pytest

from harness.suite import (
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    NodeServices,
    Waits,
    WatchMaker,
    WatchRecorder,
    condition_of,
    restarts,
    spare_worker,
    unschedulable,
)

PATIENCE_S = 5
NOT_READY_DEADLINE_S = 120.0
"""The controller-manager gives a node 50 s: kube-controller-manager --node-monitor-grace-period."""


@pytest.mark.claim("4.1")
def test_pods_go_through_their_phases(
    kube: Kube, create: ManifestMaker, record_watch: WatchMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Pending, Running and the two ends; restarting is Running, and one failed container of two is Failed."""
    with record_watch("pods") as recorder:
        create("ends-when-told.yaml", name="succeeds", policy="Never", code=0)
        create("exits.yaml", name="restarts", policy="Always", code=1)
        create("two-exits.yaml")
        create("nowhere.yaml")
        waits.wait_pod(namespace, "succeeds", "running", lambda pod: pod["status"]["phase"] == "Running")
        told = kube.exec(namespace, "succeeds", ("touch", "/tmp/end"))
        assert told.exit_code == 0, told.stderr
        waits.wait_pod(namespace, "succeeds", "ended or restarted", has_ended_or_restarted)
        waits.wait_pod(namespace, "one-of-two", "ended or restarted", has_ended_or_restarted)
        waits.wait_pod(namespace, "restarts", "restarted twice", lambda pod: restarts(pod) >= 2)
        waits.wait_pod(namespace, "nowhere", "unschedulable", lambda pod: unschedulable(pod) is not None)
    seen = {name: phases(recorder, name) for name in ("succeeds", "restarts", "one-of-two", "nowhere")}
    holds = (
        seen["succeeds"] == ["Pending", "Running", "Succeeded"]
        and seen["restarts"] == ["Pending", "Running"]
        and seen["one-of-two"][-1] == "Failed"
        and seen["nowhere"] == ["Pending"]
    )
    claim.decide(
        "4.1",
        holds,
        "Phases that a watch told of: "
        + "; ".join(f"{name} {', '.join(found)}" for name, found in seen.items())
        + ". The container of restarts is started again, of one-of-two one has failed, and nowhere fits no node.",
    )
    assert holds, seen


@pytest.mark.exclusive
@pytest.mark.disruptive
@pytest.mark.claim("4.2")
def test_the_phase_of_a_pod_whose_node_is_lost(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    node_services: NodeServices,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """The kubelet stops reporting: the node's Ready turns Unknown, the pod's False, and its phase stays as it was."""
    node = spare_worker(kube)
    create("on-node.yaml", node=node.name, patience_s=PATIENCE_S)
    waits.wait_pod(namespace, "stranded", "running", lambda pod: pod["status"]["phase"] == "Running")
    with record_watch("pods") as recorder, node_services.stopped(node, "kubelet"):
        lost = waits.wait_node(node.name, "Ready", "Unknown", deadline_s=NOT_READY_DEADLINE_S)
        unready = waits.wait_pod(
            namespace, "stranded", "no longer Ready", lambda pod: condition_of(pod, "Ready").get("status") == "False"
        )
        evicted = waits.wait_pod(
            namespace, "stranded", "asked to leave", lambda pod: "deletionTimestamp" in pod["metadata"]
        )
    waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/stranded")

    seen = phases(recorder, "stranded", first="Running")
    claim.decide(
        "4.2",
        "Unknown" in seen,
        f"With the kubelet stopped the node's condition Ready turned {condition_of(lost, 'Ready')['status']} "
        f"({condition_of(lost, 'Ready')['reason']}), the pod's {condition_of(unready, 'Ready')['status']}; after its "
        f"{PATIENCE_S} s of toleration it was asked to leave and stayed until the kubelet came back. Its phases were "
        f"{', '.join(seen)}{'' if 'Unknown' in seen else ': no controller sets Unknown any more'}.",
    )
    assert evicted["status"]["phase"] == "Running"
    assert "Unknown" not in seen, seen


def phases(recorder: WatchRecorder, name: str, first: str | None = None) -> list[str]:
    """The phases of one pod, each change once."""
    seen = [] if first is None else [first]
    for event in recorder.events("pods"):
        phase = event.object["status"]["phase"]
        if event.name == name and event.type != "DELETED" and (not seen or seen[-1] != phase):
            seen.append(phase)
    return seen


def has_ended_or_restarted(pod: dict[str, Any]) -> bool:
    """The pod has come to its last phase, or will come to none: its container was started again."""
    return pod["status"]["phase"] in ("Succeeded", "Failed") or restarts(pod) > 0
