"""The mode that kube-proxy runs in, on every node and for as long as the cases last."""

from harness.suite import Cluster, Kube

NAMESPACE = "kube-system"


def test_every_kube_proxy_runs_in_the_mode_asked_for(cluster: Cluster, kube: Kube) -> None:
    """Each tells at its start which proxier it uses; one that restarted may have come back in another mode."""
    pods = kube.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=k8s-app%3Dkube-proxy")["items"]
    logs = {pod["spec"]["nodeName"]: kube.logs(NAMESPACE, pod["metadata"]["name"]) for pod in pods}
    assert set(logs) == {node.name for node in cluster.nodes}
    others = {node: log[:1000] for node, log in logs.items() if f"Using {cluster.mode} Proxier" not in log}
    assert not others, f"asked for was {cluster.mode}: {others}"
