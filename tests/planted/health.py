"""The check that the cluster is healthy, before a fault is planted and after it was removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clusters.cluster import Node
from clusters.errors import CommandFailed
from harness.dataplane.reader import Backend, ServiceAddress
from harness.kube.objects.namespaces import own_namespace
from harness.kube.status import condition_of, is_ready, pod_state
from harness.kube.wait import wait_until
from tests.planted.fault import NAMESPACE, Site

HEALTHY_DEADLINE_S = 180.0
CASE = "io.kubeproof.case"
CANARY = "canary"
PORT = 8080
UNUSED_ADDRESSES = tuple(f"192.0.2.{number}" for number in (1, 2, 3))
"""The canary's endpoints, from a block reserved for documentation (RFC 5737): nothing is ever sent there."""

BACKENDS = frozenset(Backend(address, PORT) for address in UNUSED_ADDRESSES)


def wait_healthy(site: Site) -> None:
    """Wait until the cluster is healthy.

    Nodes and the pods in kube-system are Ready, no namespace of a case is left, and a new Service is in the kernel of
    every node. Namespaces that an interrupted run left are deleted: no other run uses the cluster now.
    """
    _wait_none(site, "nodes that are not Ready", lambda: _unready_nodes(site))
    _wait_none(site, "pods in kube-system that are not Ready", lambda: _unready_pods(site))
    _wait_none(site, "namespaces of cases", lambda: _namespaces_of_cases(site))
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
        return frozenset()  # a kube-proxy that is still starting has no table yet


@contextmanager
def canary(site: Site, **fields: Any) -> Iterator[ServiceAddress]:
    """Create a Service that gets no traffic, to see what the kernels make of a Service; yield its service address.

    `fields` go into its spec.
    """
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
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in UNUSED_ADDRESSES],
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
    """Create our namespace, labelled like that of a case, so that faults in cases' namespaces affect it too."""
    _wait_none(
        site,
        f"namespace {NAMESPACE} of an earlier run",
        lambda: _delete_namespaces(site, f"labelSelector={CASE}%3D{NAMESPACE}"),
    )
    with own_namespace(site.kube, {"name": NAMESPACE, "labels": {CASE: NAMESPACE}}):
        yield


def _wait_none(site: Site, what: str, sample: Any) -> None:
    condition = f"no {what} in cluster {site.cluster.name}"
    wait_until(condition, sample, lambda found: not found, deadline_s=HEALTHY_DEADLINE_S)


def _unready_nodes(site: Site) -> list[str]:
    found = site.kube.get("/api/v1/nodes")["items"]
    return [node["metadata"]["name"] for node in found if condition_of(node, "Ready").get("status") != "True"]


def _unready_pods(site: Site) -> list[str]:
    return [
        pod_state(pod) for pod in site.kube.get("/api/v1/namespaces/kube-system/pods")["items"] if not is_ready(pod)
    ]


def _namespaces_of_cases(site: Site) -> list[str]:
    return _delete_namespaces(site, f"labelSelector={CASE},{CASE}!%3D{NAMESPACE}")


def _delete_namespaces(site: Site, query: str) -> list[str]:
    """Delete the namespaces that the query selects, and return those that are still there."""
    found = site.kube.get(f"/api/v1/namespaces?{query}")["items"]
    for item in found:
        if "deletionTimestamp" not in item["metadata"]:
            site.kube.request("DELETE", f"/api/v1/namespaces/{item['metadata']['name']}")
    return [item["metadata"]["name"] for item in found]
