"""metrics-server: its Deployment, what it may read, and its place among the server's APIs.

What it has to be allowed: https://kubernetes-sigs.github.io/metrics-server/, "Requirements".
"""

from __future__ import annotations

import json
from typing import Any

from clusters.addons.objects import Account, named

NODES_PATH = "/apis/metrics.k8s.io/v1beta1/nodes"
NAME = "metrics-server"
NAMESPACE = "kube-system"
LABELS = {"k8s-app": NAME}
RESOLUTION_S = 10
"""The shortest that metrics-server accepts; a cluster for tests shall not wait a minute for numbers."""


def metrics_server(image: str) -> tuple[dict[str, Any], ...]:
    """All manifests but that of the API, see `metrics_api`.

    Kubelets of kind sign their own serving certificates, so these are not verified; the scrape stays on
    the cluster's own network.
    """
    account = Account(
        NAME,
        NAMESPACE,
        everywhere=(("", ["nodes/metrics"], ["get"]), ("", ["pods", "nodes"], ["get", "list", "watch"])),
        roles=(("ClusterRole", "system:auth-delegator"), ("Role", "extension-apiserver-authentication-reader")),
    )
    return (*account.manifests(), _service(), _deployment(image))


def _service() -> dict[str, Any]:
    ports = [{"name": "https", "port": 443, "targetPort": "https", "appProtocol": "https"}]
    return {**named("v1", "Service", NAME, NAMESPACE), "spec": {"selector": LABELS, "ports": ports}}


def metrics_api() -> dict[str, Any]:
    """The resource metrics API, to be made once metrics-server serves it.

    The API server looks after an API ever less often as long as nobody serves it, in the end every 30 s.
    """
    return {
        **named("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io"),
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
        **named("apps/v1", "Deployment", NAME, NAMESPACE),
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
