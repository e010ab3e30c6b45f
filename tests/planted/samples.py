"""Sample objects for dry runs: the API server's answer to one shows whether an admission policy is in effect."""

from __future__ import annotations

from typing import Any

PROBE = {"exec": {"command": ["true"]}, "periodSeconds": 1}


def pod(**fields: Any) -> dict[str, Any]:
    """Return a pod; `fields` go into its spec."""
    container = {
        "name": "main",
        "image": "none",
        "livenessProbe": PROBE,
        "readinessProbe": PROBE,
        "startupProbe": PROBE,
    }
    spec = {"containers": [container], "restartPolicy": "Never", **fields}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sample"}, "spec": spec}


def deployment(**fields: Any) -> dict[str, Any]:
    """Return a Deployment; `fields` go into its spec."""
    labels = {"app": "sample"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template, **fields}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "sample"}, "spec": spec}


def autoscaler(**fields: Any) -> dict[str, Any]:
    """Return a HorizontalPodAutoscaler; `fields` go into its spec."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sample"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "sample"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 2, **fields},
    }


def service(**fields: Any) -> dict[str, Any]:
    """Return a Service with a node port; `fields` go into its spec."""
    spec = {"type": "NodePort", "ports": [{"port": 80}], **fields}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "sample"}, "spec": spec}


def endpoint(**conditions: bool) -> dict[str, Any]:
    """Return an EndpointSlice with one endpoint that has these conditions."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "sample"},
        "addressType": "IPv4",
        "ports": [],
        "endpoints": [{"addresses": ["192.0.2.1"], "conditions": conditions}],
    }
