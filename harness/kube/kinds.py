"""Kinds of objects that cases and add-ons make, and where the API server keeps them."""

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
    """The API server's path of all objects of a manifest's kind; `namespace` counts where they live in one."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    kind = manifest["kind"]
    return (
        f"{root}/{CLUSTER_WIDE[kind]}" if kind in CLUSTER_WIDE else f"{root}/namespaces/{namespace}/{NAMESPACED[kind]}"
    )


def path_of(namespace: str, manifest: dict[str, Any]) -> str:
    """The API server's path of one object."""
    return f"{collection(namespace, manifest)}/{manifest['metadata']['name']}"


def node_path(name: str) -> str:
    """The API server's path of one node."""
    return f"/api/v1/nodes/{name}"
