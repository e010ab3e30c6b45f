"""Defects of the resource metrics API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from clusters.addons.metrics import NAME, NAMESPACE, NODES_PATH
from harness.kube.wait import Waits, wait_until
from tests.planted.fault import Site
from tests.planted.pod.falsified_metrics import MARK, PORT

PROGRAM = (Path(__file__).parents[1] / "pod" / "falsified_metrics.py").read_text()
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/{NAME}"
ROLES = "/apis/rbac.authorization.k8s.io/v1"
FALSIFIED = "planted-falsified-metrics"
"""The name of the proxy's container, and of the ClusterRole and ClusterRoleBinding that let it read metrics."""

DEADLINE_S = 120.0


@contextmanager
def doubled(site: Site) -> Iterator[None]:
    """Let the resource metrics API report twice the CPU usage that metrics-server has measured."""
    with ExitStack() as undo:
        undo.callback(_wait_reported, site, doubled=False)
        undo.enter_context(_metrics_access(site))
        undo.callback(_set_target_port, site, "https")
        _set_target_port(site, PORT)
        # Last, because restarting the pod closes the connections that the API server keeps open to metrics-server.
        undo.enter_context(_proxy_container(site))
        _wait_reported(site, doubled=True)
        yield


@contextmanager
def _metrics_access(site: Site) -> Iterator[None]:
    """Let the service account of metrics-server, which the proxy uses, read the resource metrics API."""
    metadata = {"name": FALSIFIED}
    role = {"metadata": metadata, "rules": [{"apiGroups": ["metrics.k8s.io"], "resources": ["*"], "verbs": ["*"]}]}
    binding = {
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": FALSIFIED},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }
    with ExitStack() as undo:
        for kind, manifest in (("clusterroles", role), ("clusterrolebindings", binding)):
            site.kube.request("POST", f"{ROLES}/{kind}", manifest)
            undo.callback(site.kube.request, "DELETE", f"{ROLES}/{kind}/{FALSIFIED}")
        yield


@contextmanager
def _proxy_container(site: Site) -> Iterator[None]:
    """Run the proxy as a second container in the pod of metrics-server."""
    containers = site.kube.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    proxy = {
        "name": FALSIFIED,
        "image": site.cluster.images.load,
        "command": ["python3", "-c", PROGRAM],
        "volumeMounts": [{"name": "certificates", "mountPath": "/tmp"}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
    }
    try:
        _run_with(site, [*containers, proxy])
        yield
    finally:
        _run_with(site, containers)


def _run_with(site: Site, containers: list[dict[str, Any]]) -> None:
    site.kube.merge(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": containers}}}})
    Waits(site.kube).wait_deployment_available(NAMESPACE, NAME)


def _set_target_port(site: Site, port: int | str) -> None:
    """Set the port of the pod to which the Service of metrics-server forwards."""
    ports = [{**found, "targetPort": port} for found in site.kube.get(SERVICE)["spec"]["ports"]]
    site.kube.merge(SERVICE, {"spec": {"ports": ports}})


def _wait_reported(site: Site, *, doubled: bool) -> None:
    """Wait until the usage of every node is reported, with or without the mark of doubled usage."""

    def marks() -> list[bool]:
        try:
            items = site.kube.get(NODES_PATH)["items"]
        except ApiException:
            return []  # no response while metrics-server restarts
        return [MARK in item["metadata"].get("annotations", {}) for item in items]

    wait_until(
        f"{'doubled' if doubled else 'unaltered'} metrics of every node of cluster {site.cluster.name}",
        marks,
        lambda seen: seen == [doubled] * len(site.cluster.nodes),
        deadline_s=DEADLINE_S,
    )
