"""Services with many endpoints that lead to a single pod: each endpoint is one of its ports.

To kube-proxy an endpoint is an address and a port, so a pod that listens on hundreds of ports can replace hundreds of
pods. It also makes the cost of serving independent of the number of endpoints.
"""

from __future__ import annotations

from typing import Any

from harness.dataplane.reader import Backend
from harness.kube.objects.workloads import RESOURCES, on_node, pod_spec
from harness.load.master import PROCESSES

PROGRAM = (PROCESSES / "many_ports.py").read_text()
FIRST_PORT = 20000
PORT = 80
PORT_NAME = "http"


def many_endpoints_pod(image: str, name: str, ports: int, *, node: str) -> dict[str, Any]:
    """Return the manifest of the pod; it becomes ready when it listens on its last port."""
    last = FIRST_PORT + ports - 1
    container = {
        "name": "server",
        "image": image,
        "command": ["python3", "-c", PROGRAM, str(FIRST_PORT), str(ports)],
        "resources": RESOURCES,
        "readinessProbe": {"tcpSocket": {"port": last}, "periodSeconds": 1},
    }
    metadata = {"name": name, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(container, **on_node(node))}


def many_endpoints_service(name: str, address: str, endpoints: int) -> tuple[dict[str, Any], ...]:
    """Return the manifests of a Service and of an EndpointSlice for each endpoint.

    All endpoints of a slice share its ports, so each needs a slice of its own.
    """
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"name": PORT_NAME, "port": PORT}]},
    }
    return (service, *(_slice(name, address, number) for number in range(endpoints)))


def many_endpoints_backends(address: str, endpoints: int) -> frozenset[Backend]:
    """Return the backends that every kernel must hold for such a Service."""
    return frozenset(Backend(address, FIRST_PORT + number) for number in range(endpoints))


def _slice(name: str, address: str, number: int) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-{number:03d}", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": PORT_NAME, "port": FIRST_PORT + number}],
        "endpoints": [{"addresses": [address]}],
    }
