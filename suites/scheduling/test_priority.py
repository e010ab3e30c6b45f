"""Pod priority: preemption when a node has no room."""

from harness.kube.refusals import rejected_nodes
from harness.suite import Cluster, ManifestMaker, NodeChanger, Waits, WatchMaker, unschedulable


def test_a_pod_of_higher_priority_takes_the_place_of_a_lower_one(
    cluster: Cluster,
    create: ManifestMaker,
    change_node: NodeChanger,
    node_key: str,
    record_watch: WatchMaker,
    waits: Waits,
    namespace: str,
) -> None:
    """With one unit of a resource, a pod of equal priority waits and a pod of higher priority preempts.

    The victim's condition DisruptionTarget has the reason PreemptionByScheduler.
    """
    change_node.add_capacity(cluster.workers[0].name, node_key, 1)
    create("priority.yaml")
    create("pod-with-priority.yaml", name="low", priority="low", resource=node_key)
    waits.wait_pod(namespace, "low", "running", lambda pod: pod["status"]["phase"] == "Running")
    create("pod-with-priority.yaml", name="equal", priority="low", resource=node_key)
    equal = waits.wait_pod(namespace, "equal", "unschedulable", lambda pod: unschedulable(pod) is not None)
    reasons = rejected_nodes(equal)
    assert f"Insufficient {node_key}" in reasons, reasons

    with record_watch("pods") as recorder:
        create("pod-with-priority.yaml", name="high", priority="high", resource=node_key)
        waits.wait_pod(namespace, "high", "running", lambda pod: pod["status"]["phase"] == "Running")
        waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/low")
    disruption_targets = [
        condition
        for event in recorder.events("pods")
        if event.name == "low"
        for condition in event.object["status"].get("conditions", [])
        if condition["type"] == "DisruptionTarget"
    ]
    assert disruption_targets, f"pod {namespace}/low was preempted and never had the condition DisruptionTarget"
    assert disruption_targets[-1]["reason"] == "PreemptionByScheduler"
