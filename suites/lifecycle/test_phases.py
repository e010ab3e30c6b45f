"""The phases of a pod."""

from typing import Any

import pytest

from harness.kube.nodes.shell import NodeServices
from harness.suite import (
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    Waits,
    WatchMaker,
    WatchRecorder,
    condition_of,
    restarts,
    spare_worker,
    unschedulable,
)

TOLERATED_S = 5
NOT_READY_DEADLINE_S = 120.0
"""More than twice the 50 s after which a silent node becomes Unknown.

kube-controller-manager --node-monitor-grace-period
"""


@pytest.mark.claim("4.1")
def test_pods_go_through_their_phases(
    kube: Kube, create: ManifestMaker, record_watch: WatchMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """Pods are Pending, then Running, then Succeeded or Failed.

    A pod whose container restarts is Running. A pod with one failed container of two is Failed.
    """
    with record_watch("pods") as recorder:
        create("ends-on-file.yaml", name="succeeds", policy="Never", code=0)
        create("exits.yaml", name="restarts", policy="Always", code=1)
        create("two-exits.yaml")
        create("nowhere.yaml")
        waits.wait_pod(namespace, "succeeds", "running", lambda pod: pod["status"]["phase"] == "Running")
        done = kube.exec(namespace, "succeeds", ("touch", "/tmp/end"))
        assert done.exit_code == 0, done.stderr
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
        "Phases of pods in a watch: "
        + "; ".join(f"{name}: {', '.join(found)}" for name, found in seen.items())
        + ". The container of pod restarts is restarted, one of two containers of pod one-of-two fails, and pod "
        "nowhere fits no node.",
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
    """When the kubelet stops reporting, the node's condition Ready becomes Unknown and the pod's becomes False.

    The pod's phase does not change.
    """
    node = spare_worker(kube)
    create("on-node.yaml", node=node.name, tolerated_s=TOLERATED_S)
    waits.wait_pod(namespace, "stranded", "running", lambda pod: pod["status"]["phase"] == "Running")
    with record_watch("pods") as recorder, node_services.stopped(node, "kubelet"):
        lost = waits.wait_node(node.name, "Ready", "Unknown", deadline_s=NOT_READY_DEADLINE_S)
        unready = waits.wait_pod(
            namespace, "stranded", "no longer Ready", lambda pod: condition_of(pod, "Ready").get("status") == "False"
        )
        evicted = waits.wait_pod(
            namespace, "stranded", "deleted by eviction", lambda pod: "deletionTimestamp" in pod["metadata"]
        )
    waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/stranded")

    seen = phases(recorder, "stranded", first="Running")
    claim.decide(
        "4.2",
        "Unknown" in seen,
        f"With the kubelet of node {node.name} stopped, the node's condition Ready became "
        f"{condition_of(lost, 'Ready')['status']} ({condition_of(lost, 'Ready')['reason']}) and the pod's "
        f"{condition_of(unready, 'Ready')['status']}. After its toleration of {TOLERATED_S} s the pod was evicted, and "
        f"it existed until the kubelet ran again. Its phases were {', '.join(seen)}"
        f"{'' if 'Unknown' in seen else ': no controller sets Unknown any more'}.",
    )
    assert evicted["status"]["phase"] == "Running", f"pod stranded when it was evicted: {evicted['status']}"
    assert "Unknown" not in seen, seen


def phases(recorder: WatchRecorder, name: str, first: str | None = None) -> list[str]:
    """Return the phases of one pod, one entry for each change."""
    seen = [] if first is None else [first]
    for event in recorder.events("pods"):
        phase = event.object["status"]["phase"]
        if event.name == name and event.type != "DELETED" and (not seen or seen[-1] != phase):
            seen.append(phase)
    return seen


def has_ended_or_restarted(pod: dict[str, Any]) -> bool:
    """Return whether the pod is in a final phase, or its container was restarted so that it will not get there."""
    return pod["status"]["phase"] in ("Succeeded", "Failed") or restarts(pod) > 0
