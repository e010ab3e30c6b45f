"""The objects that a real API server creates for the first dummy Service of namespace "a", and its responses."""

from __future__ import annotations

from typing import Any

from harness.performance.dummy_services.objects import LABEL, dummy_address, dummy_endpoint_slice

CIDR = "10.96.0.0/16"
SERVICES, SLICES = "/api/v1/namespaces/a/services", "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices"
FIRST = dummy_address(CIDR, 0)
SERVICE: dict[str, Any] = {
    "kind": "Service",
    "apiVersion": "v1",
    "metadata": {
        "name": "dummy-00000",
        "namespace": "a",
        "uid": "u",
        "resourceVersion": "9",
        "labels": {LABEL: "yes"},
    },
    "spec": {"clusterIP": FIRST, "clusterIPs": [FIRST], "type": "ClusterIP", "ports": [{"port": 80}]},
}
SLICE: dict[str, Any] = dummy_endpoint_slice(0) | {
    "metadata": {**dummy_endpoint_slice(0)["metadata"], "uid": "v", "resourceVersion": "10"}
}
ADDRESS: dict[str, Any] = {
    "kind": "IPAddress",
    "apiVersion": "networking.k8s.io/v1",
    "metadata": {"name": FIRST, "uid": "w", "resourceVersion": "8"},
    "spec": {"parentRef": {"resource": "services", "namespace": "a", "name": "dummy-00000"}},
}
ANSWERS: dict[str, Any] = {
    f"POST {SERVICES}": {},
    f"POST {SLICES}": {},
    f"GET {SERVICES}/dummy-00000": SERVICE,
    f"GET {SLICES}/dummy-00000": SLICE,
    f"GET /apis/networking.k8s.io/v1/ipaddresses/{FIRST}": ADDRESS,
    f"GET {SERVICES}": {"items": [SERVICE]},
    f"GET {SLICES}": {"items": [SLICE]},
}
"""The responses to creating, reading and listing the objects."""
