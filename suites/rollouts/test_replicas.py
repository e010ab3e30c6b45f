"""A Deployment keeps its number of pods after a deletion and after a node is drained."""

import pytest

from harness.kube.nodes.changes import evict
from harness.suite import ClaimRecorder, Kube, ManifestMaker, NodeChanger, Waits, is_ready, nodes_of, unschedulable
from suites.rollouts.decisions import PodsKept, decide_replicas

REPLICAS = 3


@pytest.mark.exclusive
@pytest.mark.workers(2)
@pytest.mark.claim("9.1")
def test_a_deployment_keeps_its_number(
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A deleted pod is replaced. Pods evicted from a drained node are replaced on other nodes."""
    create("deployment.yaml", name="web", replicas=REPLICAS, strategy="{}")
    first = waits.wait_pods_ready(namespace, "app=web", REPLICAS)
    deleted = first[0]["metadata"]["name"]
    kube.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{deleted}")
    waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/{deleted}")
    replaced = waits.observe_pods_ready(namespace, "app=web", REPLICAS)

    second = [pod for pod in replaced.seen if is_ready(pod)]
    drained = first[1]["spec"]["nodeName"]
    change_node.cordon(drained)
    evicted = [pod["metadata"]["name"] for pod in second if pod["spec"]["nodeName"] == drained]
    for name in evicted:
        evict(kube, namespace, name)
        waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/{name}")
    moved = waits.observe_pods_ready(namespace, "app=web", REPLICAS)

    third = [pod for pod in moved.seen if is_ready(pod)]
    seen = PodsKept(
        replicas=REPLICAS,
        after_delete=len(second),
        after_drain=len(third),
        pending_after_drain=sum(unschedulable(pod) is not None for pod in moved.seen),
        evicted=len(evicted),
        drained=drained,
        on_drained=nodes_of(third)[drained],
    )
    claim.record("9.1", decide_replicas(seen))
    replaced.require()
    moved.require()
    holds = drained not in nodes_of(third)
    assert holds, f"node {drained} was drained; Ready pods by node: {nodes_of(third)}"
