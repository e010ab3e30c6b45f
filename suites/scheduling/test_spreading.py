"""Placement by other pods: topology spread constraints, pod affinity and anti-affinity."""

import pytest

from harness.kube.refusals import rejected_nodes
from harness.suite import Cluster, ManifestMaker, Waits, nodes_of, unschedulable


@pytest.mark.workers(2)
def test_spread_pods_differ_by_no_more_than_the_skew(
    cluster: Cluster, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """With maxSkew 1 over all workers each has the same number of pods, although all pods prefer one worker."""
    replicas = 2 * len(cluster.workers)
    create("spread.yaml", replicas=replicas, preferred=cluster.workers[0].name)
    placed = nodes_of(waits.wait_pods_ready(namespace, "app=spread", replicas))
    assert placed == {node.name: 2 for node in cluster.workers}


@pytest.mark.workers(2)
def test_a_pod_goes_where_its_friend_is(create: ManifestMaker, waits: Waits, namespace: str) -> None:
    """Four pods with required pod affinity all land on their friend's node; by chance they would once in 16 times."""
    create("pod-near-or-far.yaml", name="friend", app="friend", term="podAntiAffinity", other="nobody")
    friend = nodes_of(waits.wait_pods_ready(namespace, "app=friend", 1))
    for number in range(4):
        create("pod-near-or-far.yaml", name=f"near-{number}", app="near", term="podAffinity", other="friend")
    near = nodes_of(waits.wait_pods_ready(namespace, "app=near", 4))
    assert set(near) == set(friend)


@pytest.mark.workers(2)
def test_pods_that_avoid_each_other_need_a_node_each(
    cluster: Cluster, create: ManifestMaker, waits: Waits, namespace: str
) -> None:
    """With required anti-affinity each worker gets one pod. The next pod stays Pending and its condition says why."""
    for number, _ in enumerate(cluster.workers):
        create("pod-near-or-far.yaml", name=f"loner-{number}", app="loner", term="podAntiAffinity", other="loner")
    placed = nodes_of(waits.wait_pods_ready(namespace, "app=loner", len(cluster.workers)))
    assert placed == {node.name: 1 for node in cluster.workers}
    create("pod-near-or-far.yaml", name="too-many", app="loner", term="podAntiAffinity", other="loner")
    waiting = waits.wait_pod(namespace, "too-many", "unschedulable", lambda pod: unschedulable(pod) is not None)
    reasons = rejected_nodes(waiting)
    assert "node(s) didn't match pod anti-affinity rules" in reasons, reasons
