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
from tests.planted.pod.liar import MARK, PORT

PROGRAM = (Path(__file__).parents[1] / "pod" / "liar.py").read_text()
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/{NAME}"
ROLES = "/apis/rbac.authorization.k8s.io/v1"
LIAR = "planted-liar"
DEADLINE_S = 120.0


@contextmanager
def doubled(site: Site) -> Iterator[None]:
    """Whoever asks for CPU usage is told twice of what metrics-server has measured."""
    with ExitStack() as undo:
        undo.callback(_wait_told, site, twice=False)
        undo.enter_context(_may_ask(site))
        undo.callback(_lead_to, site, "https")
        _lead_to(site, PORT)
        # Last, because it ends the connections that the API server holds open to the truthful one.
        undo.enter_context(_beside_metrics_server(site))
        _wait_told(site, twice=True)
        yield


@contextmanager
def _may_ask(site: Site) -> Iterator[None]:
    metadata = {"name": LIAR}
    role = {"metadata": metadata, "rules": [{"apiGroups": ["metrics.k8s.io"], "resources": ["*"], "verbs": ["*"]}]}
    binding = {
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": LIAR},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }
    with ExitStack() as undo:
        for kind, manifest in (("clusterroles", role), ("clusterrolebindings", binding)):
            site.kube.request("POST", f"{ROLES}/{kind}", manifest)
            undo.callback(site.kube.request, "DELETE", f"{ROLES}/{kind}/{LIAR}")
        yield


@contextmanager
def _beside_metrics_server(site: Site) -> Iterator[None]:
    truthful = site.kube.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    liar = {
        "name": LIAR,
        "image": site.cluster.images.load,
        "command": ["python3", "-c", PROGRAM],
        "volumeMounts": [{"name": "certificates", "mountPath": "/tmp"}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
    }
    try:
        _run_with(site, [*truthful, liar])
        yield
    finally:
        _run_with(site, truthful)


def _run_with(site: Site, containers: list[dict[str, Any]]) -> None:
    site.kube.merge(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": containers}}}})
    Waits(site.kube).wait_deployment_available(NAMESPACE, NAME)


def _lead_to(site: Site, port: int | str) -> None:
    ports = [{**found, "targetPort": port} for found in site.kube.get(SERVICE)["spec"]["ports"]]
    site.kube.merge(SERVICE, {"spec": {"ports": ports}})


def _wait_told(site: Site, *, twice: bool) -> None:
    """Every node's usage is told, and marked as twisted or not."""

    def marks() -> list[bool]:
        try:
            items = site.kube.get(NODES_PATH)["items"]
        except ApiException:
            return []  # nobody answers for a moment
        return [MARK in item["metadata"].get("annotations", {}) for item in items]

    wait_until(
        f"metrics of cluster {site.cluster.name} that are {'twisted' if twice else 'true'}",
        marks,
        lambda seen: seen == [twice] * len(site.cluster.nodes),
        deadline_s=DEADLINE_S,
    )
