"""Workloads that cases have in common: their manifests as dicts, and the update of a Deployment."""

from __future__ import annotations

import math
from typing import Any

from clusters.cluster import CaseImages
from clusters.host.patience import Patience, host_patience
from harness.kube.client import Kube

HTTP_PORT = 8080
UDP_PORT = 8081
CONTROL_PORT, CONTROL_UDP_PORT = 8082, 8083
"""The ports of the second server of a backend, to which no Service leads."""

NOT_READY_FILE = "/tmp/not-ready"
"""The file that makes a switchable backend unready while it exists."""

HTTP_PROBE = {"httpGet": {"path": "/hostname", "port": HTTP_PORT}, "periodSeconds": 1}

REVISION_ANNOTATION = "io.kubeproof/revision"

RESOURCES = {"requests": {"cpu": "50m"}}
"""Requested CPU. A pod without a request has 2 of about 2,000 CPU shares of a busy node: after a millisecond of work it
waits half a second for the CPU, which looks like a connection that kube-proxy lost.
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run
"""


def probe_period_s(patience: Patience) -> int:
    """Return the period of probes that start a program, in whole seconds.

    Each start takes 45 ms of CPU time (2 cores). On a slow host it takes so much longer that a few pods with such a
    probe every second would use all of the CPU.
    """
    return math.ceil(patience.seconds(1))


def _switchable_probe(patience: Patience) -> dict[str, Any]:
    period_s = probe_period_s(patience)
    return {
        "exec": {"command": ["test", "!", "-e", NOT_READY_FILE]},
        "periodSeconds": period_s,
        "timeoutSeconds": period_s,
        "failureThreshold": 1,
    }


def pod_spec(container: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the spec of a pod that is killed without a grace period and has no service links or API token."""
    return {
        "terminationGracePeriodSeconds": 0,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "containers": [container],
        **fields,
    }


def backends(
    images: CaseImages,
    name: str,
    replicas: int,
    *,
    node: str | None = None,
    switchable: bool = False,
    control: bool = False,
    patience: Patience | None = None,
) -> dict[str, Any]:
    """Return a Deployment of HTTP (8080) and UDP (8081) servers that answer with their pod's name.

    A case can make the readiness probe of a `switchable` backend fail. With a `control`, each pod runs a second server
    of the same kind (8082 and 8083). `patience` is by default that of this host.
    """
    labels = {"app": name}
    container = {
        **_server(images, "server", HTTP_PORT, UDP_PORT),
        "readinessProbe": _switchable_probe(patience or host_patience()) if switchable else HTTP_PROBE,
    }
    second = [_server(images, "control", CONTROL_PORT, CONTROL_UDP_PORT)] if control else []
    spec = pod_spec(container, **on_node(node))
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**spec, "containers": [container, *second]}},
        },
    }


def _server(images: CaseImages, name: str, http_port: int, udp_port: int) -> dict[str, Any]:
    arguments = ["netexec", f"--http-port={http_port}", f"--udp-port={udp_port}"]
    return {"name": name, "image": images.agnhost, "args": arguments, "resources": RESOURCES}


def update_template(kube: Kube, namespace: str, deployment: str, revision: str | None) -> None:
    """Change an annotation of the Deployment's pod template, which starts a rollout; None removes the annotation."""
    annotations = {"metadata": {"annotations": {REVISION_ANNOTATION: revision}}}
    kube.merge(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}", {"spec": {"template": annotations}})


def client_pod(images: CaseImages, name: str, *, node: str | None = None, host_network: bool = False) -> dict[str, Any]:
    """Return a pod with Python that is idle until a program is run in it."""
    container = {
        "name": "client",
        "image": images.load,
        "command": ["python3", "-c", "import signal; signal.pause()"],
        "resources": RESOURCES,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"client": name}},
        "spec": pod_spec(container, hostNetwork=host_network, **on_node(node)),
    }


def on_node(node: str | None) -> dict[str, Any]:
    """Return pod fields that bind a pod to a node without the scheduler, control plane nodes included."""
    return {} if node is None else {"nodeName": node, "tolerations": [{"operator": "Exists"}]}


def service(name: str, app: str, **fields: Any) -> dict[str, Any]:
    """Return a Service for the backends `app` with the ports 80/TCP (HTTP) and 81/UDP; `fields` go into its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "selector": {"app": app},
            "ports": [
                {"name": "http", "port": 80, "targetPort": HTTP_PORT},
                {"name": "udp", "port": 81, "protocol": "UDP", "targetPort": UDP_PORT},
            ],
            **fields,
        },
    }


def client_ip_affinity(timeout_s: int) -> dict[str, Any]:
    """Return Service fields for session affinity by client IP, with a time-out in seconds."""
    return {
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": timeout_s}},
    }
