"""metrics-server: our Deployment beside the RBAC and API registration that its own module ships."""

from __future__ import annotations

import json
from typing import Any

NODES_PATH = "/apis/metrics.k8s.io/v1beta1/nodes"
RESOLUTION_S = 10
"""The shortest that metrics-server accepts; a cluster for tests shall not wait a minute for numbers."""


def metrics_server(image: str, shipped: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """All manifests: `shipped` without its Deployment, and ours with `image`.

    Kubelets of kind sign their own serving certificates, so these are not verified; the scrape stays on
    the cluster's own network.
    """
    labels = {"k8s-app": "metrics-server"}
    kept = [
        _selecting(document, labels) for document in shipped if document["kind"] not in ("Deployment", "Kustomization")
    ]
    return (*kept, _deployment(image, labels))


def _selecting(document: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """metrics-server's Service gets its selector from a kustomization, which we do not use."""
    if document["kind"] != "Service":
        return document
    return {**document, "spec": {**document["spec"], "selector": labels}}


def _deployment(image: str, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "metrics-server", "namespace": "kube-system", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": "metrics-server",
                    "priorityClassName": "system-cluster-critical",
                    # The control plane node always exists, and no case ever takes it down.
                    "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [
                        {
                            "name": "metrics-server",
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
