"""DaemonSets: one pod per node, and their other differences from Deployments."""

from collections import Counter
from typing import Any

import pytest

from harness.suite import (
    ApiException,
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    NodeChanger,
    Observation,
    Waits,
    is_ready,
    nodes_of,
    refused_fields,
    unschedulable,
    wait_until,
)
from suites.rollouts.decisions import DaemonPods, decide_daemon_set, tainted_nodes

EVERY = "[{operator: Exists}]"


@pytest.mark.claim("13.1")
def test_a_daemon_set_has_one_pod_on_every_node_it_may_use(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    node_key: str,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """A DaemonSet has one pod on each node whose taints it tolerates.

    A node that gets a matching label later gets a pod, too. The API server refuses the field replicas.
    """
    everywhere = len(cluster.nodes)
    tainted = tainted_nodes(kube.get("/api/v1/nodes")["items"])
    free = [node.name for node in cluster.nodes if node.name not in tainted]
    if not free:
        pytest.skip(f"needs a node without taints that keep pods off; all nodes have such taints: {', '.join(tainted)}")
    create("daemonset.yaml", name="tolerant", selector="{}", tolerations=EVERY)
    create("daemonset.yaml", name="plain", selector="{}", tolerations="[]")
    on_all = waits.observe_pods_ready(namespace, "app=tolerant", everywhere)
    on_untainted = waits.observe_pods_ready(namespace, "app=plain", len(free))

    create("daemonset.yaml", name="chosen", selector=f"{{{node_key}: chosen}}", tolerations="[]")
    change_node.label(free[0], node_key, "chosen")
    on_labelled = waits.observe_pods_ready(namespace, "app=chosen", 1)
    tolerant, plain, chosen = map(ready_by_node, (on_all, on_untainted, on_labelled))
    refusal = strict_refusal(kube, f"/apis/apps/v1/namespaces/{namespace}/daemonsets/plain", replicas=2)
    no_replicas = refusal is not None and refusal.status == 400 and "spec.replicas" in refused_fields(refusal)

    seen = DaemonPods(
        nodes=tuple(node.name for node in cluster.nodes),
        tainted=tainted,
        tolerant=tolerant,
        plain=plain,
        chosen=chosen,
        labelled=free[0],
        replicas_refused=no_replicas,
    )
    claim.record("13.1", decide_daemon_set(seen))
    for observation in (on_all, on_untainted, on_labelled):
        observation.require()
    one_each = set(tolerant.values()) == {1} and len(tolerant) == everywhere
    followed = chosen == {free[0]: 1}
    assert one_each, f"Ready pods by node of DaemonSet tolerant, expected 1 on each of {everywhere}: {tolerant}"
    assert set(plain) == set(free), f"Ready pods by node of DaemonSet plain, expected on {free}: {plain}"
    assert followed, f"Ready pods by node of DaemonSet chosen, expected 1 on {free[0]}: {chosen}"
    assert no_replicas, None if refusal is None else refusal.body


@pytest.mark.exclusive
@pytest.mark.claim("13.2")
def test_a_daemon_set_differs_in_more_than_its_number(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    node_key: str,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """On a cordoned node a DaemonSet's pod runs and a Deployment's does not.

    Tolerations, owners and update strategies differ, too.
    """
    node = cluster.workers[0].name
    change_node.label(node, node_key, "chosen")
    change_node.cordon(node)
    create("daemonset.yaml", name="daemon", selector=f"{{{node_key}: chosen}}", tolerations="[]")
    create("deployment-by-selector.yaml", name="web", selector=f"{{{node_key}: chosen}}")
    (daemon,) = waits.wait_pods_ready(namespace, "app=daemon", 1)
    (web,) = wait_until(
        f"an unschedulable pod of Deployment {namespace}/web",
        lambda: kube.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dweb")["items"],
        lambda pods: any(unschedulable(pod) for pod in pods),
        describe=lambda pods: ", ".join(pod["metadata"]["name"] for pod in pods) or "no pod",
        deadline_s=60.0,
    )

    added = {entry["key"] for entry in daemon["spec"]["tolerations"]} - {
        entry["key"] for entry in web["spec"]["tolerations"]
    }
    owners = [pod["metadata"]["ownerReferences"][0]["kind"] for pod in (daemon, web)]
    path = f"/apis/apps/v1/namespaces/{namespace}/daemonsets/daemon"
    kube.merge(path, {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}})
    strategy = kube.get(path)["spec"]["updateStrategy"]["type"]

    only_difference = not added and owners[0] == owners[1]
    claim.decide(
        "13.2",
        only_difference,
        f"On node {node}, which was cordoned, the DaemonSet's pod ran and the Deployment's stayed Pending "
        f"({unschedulable(web)}). The DaemonSet's pods have additional tolerations "
        f"({', '.join(sorted(key.rpartition('/')[2] for key in added))}). Their owner is a {owners[0]}, that of the "
        f"Deployment's pods a {owners[1]}. The DaemonSet's update strategy can be {strategy}, which Deployments do not "
        "have.",
    )
    assert "node.kubernetes.io/unschedulable" in added
    assert owners == ["DaemonSet", "ReplicaSet"]
    assert strategy == "OnDelete"


def ready_by_node(observed: Observation[tuple[dict[str, Any], ...]]) -> Counter[str]:
    """Return the number of Ready pods on each node."""
    return nodes_of(pod for pod in observed.seen if is_ready(pod))


def strict_refusal(kube: Kube, path: str, **fields: object) -> ApiException | None:
    """Update the object at `path` with these fields in its spec, with strict field validation.

    Return the API server's refusal, or None if it accepts the fields.
    https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
    """
    manifest = kube.get(path)
    manifest["spec"] |= fields
    try:
        kube.request("PUT", f"{path}?fieldValidation=Strict", manifest)
    except ApiException as refusal:
        return refusal
    return None
