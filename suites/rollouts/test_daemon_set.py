"""A DaemonSet: a pod for each node, and what else tells it from a Deployment."""

import pytest

from harness.suite import (
    ApiException,
    ClaimRecorder,
    Cluster,
    Kube,
    ManifestMaker,
    NodeChanger,
    Waits,
    nodes_of,
    refused_fields,
    unschedulable,
    wait_until,
)

KEY = "kubeproof.io/daemon"
EVERY = "[{operator: Exists}]"


@pytest.mark.claim("13.1")
def test_a_daemon_set_has_one_pod_on_every_node_it_may_use(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """One a node where taints are tolerated; a node that begins to fit gets one; replicas is no field of it."""
    everywhere, workers = len(cluster.nodes), len(cluster.workers)
    create("daemonset.yaml", name="tolerant", selector="{}", tolerations=EVERY)
    create("daemonset.yaml", name="plain", selector="{}", tolerations="[]")
    tolerant = nodes_of(waits.wait_pods_ready(namespace, "app=tolerant", everywhere))
    plain = nodes_of(waits.wait_pods_ready(namespace, "app=plain", workers))

    create("daemonset.yaml", name="chosen", selector=f"{{{KEY}: {namespace}}}", tolerations="[]")
    change_node.label(cluster.workers[0].name, KEY, namespace)
    chosen = nodes_of(waits.wait_pods_ready(namespace, "app=chosen", 1))

    manifest = kube.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets/plain")
    manifest["spec"]["replicas"] = 2
    with pytest.raises(ApiException) as refused:
        kube.request("PUT", f"/apis/apps/v1/namespaces/{namespace}/daemonsets/plain?fieldValidation=Strict", manifest)

    one_each = set(tolerant.values()) == {1} and len(tolerant) == everywhere
    followed = chosen == {cluster.workers[0].name: 1}
    no_replicas = refused.value.status == 400 and "spec.replicas" in refused_fields(refused.value)
    evidence = (
        f"Tolerating everything it had one pod on each of {len(tolerant)} nodes; without tolerations on "
        f"{len(plain)} of {everywhere}, the control plane's taint kept it off. A node that began to fit got its pod. "
        "Strict validation refuses the field replicas as unknown."
    )
    if one_each and followed and no_replicas:
        claim.conditional("13.1", "on every node whose taints it tolerates and whose labels it selects", evidence)
    else:
        claim.refuted("13.1", f"Seen were {tolerant}, {plain}, {chosen}; replicas: {refused.value.body}")
    assert one_each, tolerant
    assert set(plain) == {node.name for node in cluster.workers}
    assert followed, chosen
    assert no_replicas, refused.value.body


@pytest.mark.exclusive
@pytest.mark.claim("13.2")
def test_a_daemon_set_differs_in_more_than_its_number(
    cluster: Cluster,
    kube: Kube,
    create: ManifestMaker,
    change_node: NodeChanger,
    waits: Waits,
    namespace: str,
    claim: ClaimRecorder,
) -> None:
    """On a cordoned node a DaemonSet starts its pod and a Deployment does not; their strategies differ too."""
    node = cluster.workers[0].name
    change_node.label(node, KEY, namespace)
    change_node.cordon(node)
    create("daemonset.yaml", name="daemon", selector=f"{{{KEY}: {namespace}}}", tolerations="[]")
    create("deployment-by-selector.yaml", name="web", selector=f"{{{KEY}: {namespace}}}")
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
        f"On a cordoned node the DaemonSet's pod ran and the Deployment's waited ({unschedulable(web)}). Its "
        f"pods tolerate more ({', '.join(sorted(key.rpartition('/')[2] for key in added))}); they belong to "
        f"a {owners[0]}, the Deployment's to a {owners[1]}; and its update strategy can be {strategy}, which "
        "Deployments lack.",
    )
    assert "node.kubernetes.io/unschedulable" in added
    assert owners == ["DaemonSet", "ReplicaSet"]
    assert strategy == "OnDelete"
