"""A Deployment keeps its number of pods, whoever takes one away."""

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, NodeChanger, Waits, evict, nodes_of

REPLICAS = 3


@pytest.mark.exclusive
@pytest.mark.claim("9.1")
def test_a_deployment_keeps_its_number(
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A deleted pod is replaced, and so are those that a drained node had, on other nodes."""
    create("deployment.yaml", name="web", replicas=REPLICAS, strategy="{}")
    first = waits.wait_pods_ready(namespace, "app=web", REPLICAS)
    deleted = first[0]["metadata"]["name"]
    kube.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{deleted}")
    waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/{deleted}")
    second = waits.wait_pods_ready(namespace, "app=web", REPLICAS)

    drained = second[0]["spec"]["nodeName"]
    change_node.cordon(drained)
    evicted = [pod["metadata"]["name"] for pod in second if pod["spec"]["nodeName"] == drained]
    for name in evicted:
        evict(kube, namespace, name)
        waits.wait_gone(f"/api/v1/namespaces/{namespace}/pods/{name}")
    third = waits.wait_pods_ready(namespace, "app=web", REPLICAS)

    holds = drained not in nodes_of(third)
    claim.decide(
        "9.1",
        holds,
        f"Of {REPLICAS} pods one was deleted and {len(evicted)} were evicted from {drained}: each time there were "
        f"{REPLICAS} ready ones again, the last time on {', '.join(sorted(nodes_of(third)))}.",
    )
    assert holds, nodes_of(third)
