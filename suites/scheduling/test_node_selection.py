"""Pods select nodes by label: nodeSelector and node affinity."""

import pytest

from harness.kube.refusals import rejected_nodes
from harness.suite import (
    ClaimRecorder,
    Cluster,
    ManifestMaker,
    NodeChanger,
    Waits,
    list_of,
    nodes_of,
    unschedulable,
)

PODS = 4
BY_SELECTOR = "node(s) didn't match Pod's node affinity/selector"
"""The scheduler's reason for a node that does not match a pod's selector."""


@pytest.mark.workers(2)
@pytest.mark.claim("9.2")
def test_selectors_and_affinities_choose_nodes(
    cluster: Cluster,
    create: ManifestMaker,
    change_node: NodeChanger,
    node_key: str,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A nodeSelector needs a matching label, and the preference with the larger weight wins.

    A pod that matches no node stays Pending, and its condition gives the reason.
    """
    first, second = (node.name for node in cluster.workers[:2])
    change_node.label(second, node_key, "fast")
    create("pod-with-selector.yaml", name="chosen", key=node_key, value="fast")
    chosen = waits.wait_pod(namespace, "chosen", "scheduled", lambda pod: "nodeName" in pod["spec"])

    heavier = {"first-is-heavier": (first, 80, 20), "second-is-heavier": (second, 20, 80)}
    for app, (_, first_weight, second_weight) in heavier.items():
        weights = {"first": first, "first_weight": first_weight, "second": second, "second_weight": second_weight}
        for number in range(PODS):
            create("pod-with-weights.yaml", name=f"{app}-{number}", app=app, **weights)
    placed = {app: nodes_of(waits.wait_pods_ready(namespace, f"app={app}", PODS)) for app in heavier}

    create("pod-with-selector.yaml", name="nowhere", key=node_key, value="none-such")
    nowhere = waits.wait_pod(namespace, "nowhere", "found unschedulable", lambda pod: unschedulable(pod) is not None)
    reasons = rejected_nodes(nowhere)

    by_weight = placed == {app: {node: PODS} for app, (node, _, _) in heavier.items()}
    holds = chosen["spec"]["nodeName"] == second and by_weight and BY_SELECTOR in reasons
    first_heavier, second_heavier = (list_of(placed[app]) for app in heavier)
    claim.decide(
        "9.2",
        holds,
        f"A pod with a nodeSelector for a label of {second} went to {chosen['spec']['nodeName']}. Pods by node, of "
        f"{PODS} in each group: {first_heavier} with weight 80 for {first} and 20 for {second}, {second_heavier} with "
        f"weight 20 for {first} and 80 for {second}. A pod whose nodeSelector matches no node stayed Pending: "
        f"{unschedulable(nowhere)}",
    )
    assert chosen["spec"]["nodeName"] == second, f"only {second} has the label of pod chosen's nodeSelector"
    assert by_weight, placed
    assert BY_SELECTOR in reasons, reasons


def test_a_label_that_goes_away_does_not_drive_a_pod_away(
    cluster: Cluster, create: ManifestMaker, change_node: NodeChanger, node_key: str, waits: Waits, namespace: str
) -> None:
    """The running pod stays (IgnoredDuringExecution), and the next pod is unschedulable.

    Every worker has the label at first. The first pod therefore also runs if the scheduler ignores labels: a kubelet
    rejects a pod whose nodeSelector does not match its node.
    """
    workers = [node.name for node in cluster.workers]
    for node in workers:
        change_node.label(node, node_key, "fast")
    create("pod-with-selector.yaml", name="stays", key=node_key, value="fast")
    waits.wait_pod(namespace, "stays", "running", lambda pod: pod["status"]["phase"] == "Running")
    for node in workers:
        change_node.remove_label(node, node_key)
    create("pod-with-selector.yaml", name="late", key=node_key, value="fast")
    waits.wait_pod(namespace, "late", "found unschedulable", lambda pod: unschedulable(pod) is not None)
    waits.wait_pod(namespace, "stays", "still running", lambda pod: pod["status"]["phase"] == "Running", deadline_s=0)
