"""Manifests of metrics-server: its Deployment, its permissions and its APIService.

The permissions that it needs: https://kubernetes-sigs.github.io/metrics-server/, "Requirements".
"""

from __future__ import annotations

import json
from typing import Any

from clusters.addons.objects import Account, add_on_pod, named, workload

NODES_PATH = "/apis/metrics.k8s.io/v1beta1/nodes"
NAME = "metrics-server"
NAMESPACE = "kube-system"
LABELS = {"k8s-app": NAME}
RESOLUTION_S = 10
"""The shortest interval that metrics-server accepts, in place of its default of one minute."""


def metrics_server(image: str) -> tuple[dict[str, Any], ...]:
    """Return all manifests except that of the API, see `metrics_api`.

    kind's kubelets have self-signed serving certificates, so these are not verified. The requests stay in the cluster's
    own network.
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
    """Return the APIService of the resource metrics API, to be created once metrics-server is ready.

    As long as an API is not available, the API server checks it less and less often, finally every 30 s.
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
    container = {
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
    pod = add_on_pod(NAME, container, volumes=[{"name": "certificates", "emptyDir": {}}])
    return workload("Deployment", NAME, NAMESPACE, LABELS, pod)


def nodes_with_metrics(answer: str) -> frozenset[str]:
    """Return the names of the nodes whose CPU usage is in a response of the metrics API (`NODES_PATH`)."""
    return frozenset(item["metadata"]["name"] for item in json.loads(answer)["items"] if item["usage"].get("cpu"))
