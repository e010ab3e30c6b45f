"""Is the cluster as it should be? Asked before a fault is planted and after it was taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clusters.cluster import Node
from clusters.errors import CommandFailed
from harness.dataplane.reader import Backend, ServiceAddress
from harness.kube.objects.namespaces import own_namespace
from harness.kube.wait import condition_of, is_ready, pod_state, wait_until
from tests.planted.fault import NAMESPACE, Site

HEALTHY_DEADLINE_S = 180.0
CASE = "io.kubeproof.case"
CANARY = "canary"
PORT = 8080
NOBODY = tuple(f"192.0.2.{number}" for number in (1, 2, 3))
"""The canary's endpoints, of a block for documentation (RFC 5737): nothing is ever sent there."""

BACKENDS = frozenset(Backend(address, PORT) for address in NOBODY)


def wait_healthy(site: Site) -> None:
    """Nodes and the cluster's own pods are Ready, what cases made is gone, and a new Service reaches every kernel.

    Namespaces that an interrupted run left are asked to go: nobody else has cases here now.
    """
    _wait_none("nodes that are not Ready", lambda: _unready_nodes(site))
    _wait_none("pods of the cluster itself that are not Ready", lambda: _unready_pods(site))
    _wait_none("namespaces of cases", lambda: _namespaces_of_cases(site))
    with canary(site) as service_address:
        for node in site.cluster.nodes:
            wait_until(
                f"a new Service with its {len(BACKENDS)} endpoints in the kernel of node {node.name}",
                lambda node=node: _backends(site, node, service_address),  # type: ignore[misc]
                lambda backends: backends == BACKENDS,
                deadline_s=HEALTHY_DEADLINE_S,
            )


def _backends(site: Site, node: Node, service_address: ServiceAddress) -> frozenset[Backend]:
    try:
        return site.dataplane.service(node, service_address).backends
    except CommandFailed:
        return frozenset()  # a proxy that starts has no table yet


@contextmanager
def canary(site: Site, **fields: Any) -> Iterator[ServiceAddress]:
    """A Service that nobody asks, to see what becomes of Services; `fields` go into its spec. Its front."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": CANARY},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": PORT}], **fields},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": CANARY, "labels": {"kubernetes.io/service-name": CANARY}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in NOBODY],
    }
    try:
        site.kube.create(NAMESPACE, service, endpoints)
        made = site.kube.get(f"/api/v1/namespaces/{NAMESPACE}/services/{CANARY}")
        yield ServiceAddress(made["spec"]["clusterIP"], 80)
    finally:
        for manifest in (service, endpoints):
            site.kube.delete(NAMESPACE, manifest)


@contextmanager
def faults_namespace(site: Site) -> Iterator[None]:
    """The namespace of what we make, labelled as a case's is, so that a fault of those concerns it too."""
    _wait_none("namespace of an earlier run", lambda: _ended(site, f"labelSelector={CASE}%3D{NAMESPACE}"))
    with own_namespace(site.kube, {"name": NAMESPACE, "labels": {CASE: NAMESPACE}}):
        yield


def _wait_none(what: str, sample: Any) -> None:
    wait_until(f"no {what}", sample, lambda found: not found, deadline_s=HEALTHY_DEADLINE_S)


def _unready_nodes(site: Site) -> list[str]:
    found = site.kube.get("/api/v1/nodes")["items"]
    return [node["metadata"]["name"] for node in found if condition_of(node, "Ready").get("status") != "True"]


def _unready_pods(site: Site) -> list[str]:
    return [
        pod_state(pod) for pod in site.kube.get("/api/v1/namespaces/kube-system/pods")["items"] if not is_ready(pod)
    ]


def _namespaces_of_cases(site: Site) -> list[str]:
    return _ended(site, f"labelSelector={CASE},{CASE}!%3D{NAMESPACE}")


def _ended(site: Site, query: str) -> list[str]:
    """Namespaces that the query selects and that are still there; those that nobody has asked to go, are asked."""
    found = site.kube.get(f"/api/v1/namespaces?{query}")["items"]
    for item in found:
        if "deletionTimestamp" not in item["metadata"]:
            site.kube.request("DELETE", f"/api/v1/namespaces/{item['metadata']['name']}")
    return [item["metadata"]["name"] for item in found]
