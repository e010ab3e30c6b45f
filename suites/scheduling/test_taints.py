"""Taints and tolerations: which pods may be scheduled on a node and which are evicted from it."""

import time

import pytest

from harness.kube.refusals import rejected_nodes
from harness.suite import (
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    NodeChanger,
    Waits,
    WatchMaker,
    nodes_of,
    spare_worker,
    unschedulable,
)

PODS = 4
KEY = "kubeproof.io/reserved"
TOLERATED_S = 6


@pytest.mark.workers(2)
@pytest.mark.exclusive
@pytest.mark.claim("9.3")
def test_taints_keep_off_and_drive_out_what_does_not_tolerate_them(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """NoSchedule keeps pods off a node, and PreferNoSchedule does so only if another node fits.

    NoExecute evicts running pods, at once or after tolerationSeconds.
    """
    node = spare_worker(kube).name
    other = next(worker.name for worker in cluster.workers if worker.name != node)

    change_node.taint(node, KEY, "NoSchedule")
    create("pod-on-host.yaml", name="kept-off", app="kept-off", hosts=node, tolerations="[]")
    create("pod-on-host.yaml", name="let-in", app="let-in", hosts=node, tolerations=tolerating("NoSchedule"))
    kept_off = waits.wait_pod(namespace, "kept-off", "unschedulable", lambda pod: unschedulable(pod) is not None)
    waits.wait_pods_ready(namespace, "app=let-in", 1)
    change_node.remove_taint(node, KEY)
    waits.wait_pods_ready(namespace, "app=kept-off", 1)

    change_node.taint(node, KEY, "PreferNoSchedule")
    for number in range(PODS):
        create("pod-on-host.yaml", name=f"free-{number}", app="free", hosts=f"{node}, {other}", tolerations="[]")
    create("pod-on-host.yaml", name="no-choice", app="no-choice", hosts=node, tolerations="[]")
    advised = nodes_of(waits.wait_pods_ready(namespace, "app=free", PODS))
    waits.wait_pods_ready(namespace, "app=no-choice", 1)
    change_node.remove_taint(node, KEY)

    for name, tolerations in (
        ("for-ever", tolerating("NoExecute")),
        ("for-a-while", tolerating("NoExecute", TOLERATED_S)),
    ):
        create("pod-on-host.yaml", name=name, app=name, hosts=node, tolerations=tolerations)
        waits.wait_pods_ready(namespace, f"app={name}", 1)
    stayed_s: dict[str, float] = {}
    with record_watch("pods") as recorder:
        tainted_s = time.monotonic()
        change_node.taint(node, KEY, "NoExecute")
        for name in ("kept-off", "for-a-while"):
            waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/{name}")
    for event in recorder.events("pods"):
        if "deletionTimestamp" in event.object["metadata"]:
            stayed_s.setdefault(event.name, event.at_s - tainted_s)
    tolerant = waits.wait_pods_ready(namespace, "app=for-ever", 1, deadline_s=0)

    on_time = stayed_s["kept-off"] < TOLERATED_S - 1 <= stayed_s["for-a-while"]
    holds = advised == {other: PODS} and on_time and bool(tolerant)
    claim.decide(
        "9.3",
        holds,
        f"With taint NoSchedule on node {node} a pod without a toleration stayed Pending "
        f"({unschedulable(kept_off)}), and a pod with one became Ready. With PreferNoSchedule "
        f"{advised.get(other, 0)} of {PODS} pods went to {other}, and a pod that required {node} became Ready there. "
        f"With NoExecute the pod without a toleration was evicted after {stayed_s['kept-off']:.1f} s, the one with "
        f"tolerationSeconds {TOLERATED_S} after {stayed_s['for-a-while']:.1f} s, and the one with an unlimited "
        f"toleration stayed.",
    )
    reasons = rejected_nodes(kept_off)
    assert any(reason.startswith("node(s) had untolerated taint") for reason in reasons), reasons
    assert advised == {other: PODS}, advised
    assert on_time, stayed_s


def tolerating(effect: str, seconds: int | None = None) -> str:
    """Return a list with one toleration of this case's taint, in YAML flow style."""
    limit = "" if seconds is None else f", tolerationSeconds: {seconds}"
    return f"[{{key: {KEY}, operator: Exists, effect: {effect}{limit}}}]"
