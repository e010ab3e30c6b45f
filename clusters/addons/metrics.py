"""metrics-server: its Deployment, what it may read, and its place among the server's APIs.

What it has to be allowed: https://kubernetes-sigs.github.io/metrics-server/, "Requirements".
"""

from __future__ import annotations

import json
from typing import Any

NODES_PATH = "/apis/metrics.k8s.io/v1beta1/nodes"
NAME = "metrics-server"
NAMESPACE = "kube-system"
LABELS = {"k8s-app": NAME}
RBAC = "rbac.authorization.k8s.io/v1"
RESOLUTION_S = 10
"""The shortest that metrics-server accepts; a cluster for tests shall not wait a minute for numbers."""


def metrics_server(image: str) -> tuple[dict[str, Any], ...]:
    """All manifests.

    Kubelets of kind sign their own serving certificates, so these are not verified; the scrape stays on
    the cluster's own network.
    """
    return (
        _object("v1", "ServiceAccount", NAME),
        _role(),
        _binding("ClusterRole", f"system:{NAME}", f"system:{NAME}"),
        _binding("ClusterRole", "system:auth-delegator", f"{NAME}:system:auth-delegator"),
        _binding("Role", "extension-apiserver-authentication-reader", f"{NAME}-auth-reader"),
        _service(),
        _api(),
        _deployment(image),
    )


def _object(api: str, kind: str, name: str) -> dict[str, Any]:
    cluster_wide = kind in ("ClusterRole", "ClusterRoleBinding", "APIService")
    metadata = {"name": name} if cluster_wide else {"name": name, "namespace": NAMESPACE, "labels": LABELS}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


def _role() -> dict[str, Any]:
    rules = [
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
    ]
    return {**_object(RBAC, "ClusterRole", f"system:{NAME}"), "rules": rules}


def _binding(kind: str, role: str, name: str) -> dict[str, Any]:
    return {
        **_object(RBAC, f"{kind}Binding", name),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _service() -> dict[str, Any]:
    ports = [{"name": "https", "port": 443, "targetPort": "https", "appProtocol": "https"}]
    return {**_object("v1", "Service", NAME), "spec": {"selector": LABELS, "ports": ports}}


def _api() -> dict[str, Any]:
    """The resource metrics API, served by the Service above."""
    return {
        **_object("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io"),
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "service": {"name": NAME, "namespace": NAMESPACE},
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }


def _deployment(image: str) -> dict[str, Any]:
    return {
        **_object("apps/v1", "Deployment", NAME),
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "serviceAccountName": NAME,
                    "priorityClassName": "system-cluster-critical",
                    # The control plane node always exists, and no case ever takes it down.
                    "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [
                        {
                            "name": NAME,
                            "image": image,
                            "args": [
                                "--cert-dir=/tmp",
                                "--secure-port=10250",
                                "--kubelet-preferred-address-types=InternalIP",
                                "--kubelet-use-node-status-port",
                                "--kubelet-insecure-tls",
                                f"--metric-resolution={RESOLUTION_S}s",
                                f"--kubelet-request-timeout={RESOLUTION_S // 2}s",
                            ],
                            "ports": [{"name": "https", "containerPort": 10250}],
                            "readinessProbe": {
                                "httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"},
                                "periodSeconds": 1,
                            },
                            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                            "volumeMounts": [{"name": "certificates", "mountPath": "/tmp"}],
                        }
                    ],
                    "volumes": [{"name": "certificates", "emptyDir": {}}],
                },
            },
        },
    }


def nodes_with_metrics(answer: str) -> frozenset[str]:
    """Names of the nodes for which the metrics API (`NODES_PATH`) answered with usage."""
    return frozenset(item["metadata"]["name"] for item in json.loads(answer)["items"] if item["usage"].get("cpu"))
