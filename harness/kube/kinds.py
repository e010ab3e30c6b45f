"""The kinds of objects that cases and add-ons create, and their paths on the API server."""

from __future__ import annotations

from typing import Any

NAMESPACED = {
    "ConfigMap": "configmaps",
    "DaemonSet": "daemonsets",
    "Deployment": "deployments",
    "EndpointSlice": "endpointslices",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "IPAddressPool": "ipaddresspools",
    "Ingress": "ingresses",
    "Job": "jobs",
    "L2Advertisement": "l2advertisements",
    "Pod": "pods",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "ReplicaSet": "replicasets",
    "ResourceQuota": "resourcequotas",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "StatefulSet": "statefulsets",
}

CLUSTER_WIDE = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "CustomResourceDefinition": "customresourcedefinitions",
    "IngressClass": "ingressclasses",
    "Namespace": "namespaces",
    "PriorityClass": "priorityclasses",
}


def collection(namespace: str, manifest: dict[str, Any]) -> str:
    """Return the API server's path of all objects of a manifest's kind; `namespace` applies to namespaced kinds."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    kind = manifest["kind"]
    return (
        f"{root}/{CLUSTER_WIDE[kind]}" if kind in CLUSTER_WIDE else f"{root}/namespaces/{namespace}/{NAMESPACED[kind]}"
    )


def path_of(namespace: str, manifest: dict[str, Any]) -> str:
    """Return the API server's path of the object that a manifest names."""
    return f"{collection(namespace, manifest)}/{manifest['metadata']['name']}"


def node_path(name: str) -> str:
    """Return the API server's path of one node."""
    return f"/api/v1/nodes/{name}"
