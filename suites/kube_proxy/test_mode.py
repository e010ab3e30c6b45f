"""The mode of kube-proxy on every node."""

from harness.suite import Cluster, Kube

NAMESPACE = "kube-system"


def test_every_kube_proxy_runs_in_the_mode_asked_for(cluster: Cluster, kube: Kube) -> None:
    """Each kube-proxy logs its proxier at start. One that restarted may run in another mode than before."""
    pods = kube.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=k8s-app%3Dkube-proxy")["items"]
    logs = {pod["spec"]["nodeName"]: kube.logs(NAMESPACE, pod["metadata"]["name"]) for pod in pods}
    assert set(logs) == {node.name for node in cluster.nodes}
    others = {node: log[:1000] for node, log in logs.items() if f"Using {cluster.mode} Proxier" not in log}
    assert not others, f"kube-proxy did not log 'Using {cluster.mode} Proxier' on these nodes: {others}"
