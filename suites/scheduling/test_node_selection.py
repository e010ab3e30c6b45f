"""Pods that choose their nodes by labels."""

import pytest

from harness.suite import (
    ClaimRecorder,
    Cluster,
    ManifestMaker,
    NodeChanger,
    Waits,
    left_out,
    listed,
    nodes_of,
    unschedulable,
)

PODS = 4
KEY = "kubeproof.io/disk"
BY_SELECTOR = "node(s) didn't match Pod's node affinity/selector"
"""What the scheduler says of nodes that a pod's selector does not fit."""


@pytest.mark.workers(2)
@pytest.mark.claim("9.2")
def test_selectors_and_affinities_choose_nodes(
    cluster: Cluster,
    create: ManifestMaker,
    change_node: NodeChanger,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A selector binds to a label, a heavier preference wins, and a pod that nothing fits says why it waits."""
    first, second = (node.name for node in cluster.workers[:2])
    change_node.label(second, KEY, namespace)
    create("pod-with-selector.yaml", name="chosen", key=KEY, value=namespace)
    chosen = waits.wait_pod(namespace, "chosen", "scheduled", lambda pod: "nodeName" in pod["spec"])

    heavier = {"first-is-heavier": (first, 80, 20), "second-is-heavier": (second, 20, 80)}
    for app, (_, first_weight, second_weight) in heavier.items():
        weights = {"first": first, "first_weight": first_weight, "second": second, "second_weight": second_weight}
        for number in range(PODS):
            create("pod-with-weights.yaml", name=f"{app}-{number}", app=app, **weights)
    placed = {app: nodes_of(waits.wait_pods_ready(namespace, f"app={app}", PODS)) for app in heavier}

    create("pod-with-selector.yaml", name="nowhere", key=KEY, value="none-such")
    nowhere = waits.wait_pod(namespace, "nowhere", "found unschedulable", lambda pod: unschedulable(pod) is not None)
    reasons = left_out(nowhere)

    by_weight = placed == {app: {node: PODS} for app, (node, _, _) in heavier.items()}
    holds = chosen["spec"]["nodeName"] == second and by_weight and BY_SELECTOR in reasons
    told = "; ".join(map(listed, placed.values()))
    claim.decide(
        "9.2",
        holds,
        f"Of {first} and {second} the latter bore a label, and a pod with its nodeSelector went to "
        f"{chosen['spec']['nodeName']}; {PODS} pods with a preference of 80 for the former and of 20 for the latter, "
        f"and as many the other way round, went to {told}; a selector that fits no node: "
        f"{unschedulable(nowhere)}",
    )
    assert chosen["spec"]["nodeName"] == second
    assert by_weight, placed
    assert BY_SELECTOR in reasons, reasons


KEY_THAT_GOES = "kubeproof.io/disk-that-goes"
"""Not `KEY`, which another case may have given one of the workers."""


def test_a_label_that_goes_away_does_not_drive_a_pod_away(
    cluster: Cluster, create: ManifestMaker, change_node: NodeChanger, waits: Waits, namespace: str
) -> None:
    """IgnoredDuringExecution: the pod stays, the next one finds no node.

    Every worker has the label at first, so that the first pod runs even where the scheduler ignores labels: a kubelet
    refuses a pod that does not select its node.
    """
    workers = [node.name for node in cluster.workers]
    for node in workers:
        change_node.label(node, KEY_THAT_GOES, namespace)
    create("pod-with-selector.yaml", name="stays", key=KEY_THAT_GOES, value=namespace)
    waits.wait_pod(namespace, "stays", "running", lambda pod: pod["status"]["phase"] == "Running")
    for node in workers:
        change_node.remove_label(node, KEY_THAT_GOES)
    create("pod-with-selector.yaml", name="late", key=KEY_THAT_GOES, value=namespace)
    waits.wait_pod(namespace, "late", "found unschedulable", lambda pod: unschedulable(pod) is not None)
    waits.wait_pod(namespace, "stays", "still running", lambda pod: pod["status"]["phase"] == "Running", deadline_s=0)
