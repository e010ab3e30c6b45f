"""Traefik as Ingress controller: one pod, a NodePort Service and an IngressClass.

Flags and permissions:
https://doc.traefik.io/traefik/reference/install-configuration/providers/kubernetes/kubernetes-ingress/.
"""

from __future__ import annotations

from typing import Any

from clusters.addons.objects import Account, add_on_pod, named, namespace, workload

NAME = NAMESPACE = "traefik"
INGRESS_CLASS = "kubeproof"
CONTROLLER_NAME = "traefik.io/ingress-controller"
"""The controller name in an IngressClass of Traefik."""

NATIVE_ANNOTATION = "traefik.ingress.kubernetes.io/service.nativelb"
"""The annotation of a Service that makes Traefik connect to its ClusterIP instead of its endpoints, if "true"."""

PRIORITY_ANNOTATION = "traefik.ingress.kubernetes.io/router.priority"
"""The annotation of an Ingress with its priority: rules with a higher priority are evaluated first."""

WEB_PORT, PING_PORT = 8000, 8080
PING_PATH = f"/api/v1/namespaces/{NAMESPACE}/services/{NAME}:ping/proxy/ping"
"""The path of Traefik's ping endpoint behind the API server's proxy. It returns OK when its entry points are open."""

READ = ["get", "list", "watch"]
LABELS = {"app": NAME}


def traefik(image: str) -> tuple[dict[str, Any], ...]:
    """Return all manifests."""
    return (
        namespace(NAMESPACE),
        *_account().manifests(),
        {**named("networking.k8s.io/v1", "IngressClass", INGRESS_CLASS), "spec": {"controller": CONTROLLER_NAME}},
        _deployment(image),
        _service(),
    )


def _account() -> Account:
    return Account(
        NAME,
        NAMESPACE,
        everywhere=(
            ("", ["services", "secrets", "nodes"], READ),
            ("discovery.k8s.io", ["endpointslices"], READ),
            ("networking.k8s.io", ["ingresses", "ingressclasses"], READ),
            ("networking.k8s.io", ["ingresses/status"], ["update"]),
        ),
    )


def _deployment(image: str) -> dict[str, Any]:
    container = {
        "name": NAME,
        "image": image,
        "args": [
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            f"--entrypoints.web.address=:{WEB_PORT}",
            f"--entrypoints.ping.address=:{PING_PORT}",
            "--ping.entrypoint=ping",
            "--providers.kubernetesingress=true",
            # Without this, /shop would also match /shopping, against Kubernetes' definition:
            # https://kubernetes.io/docs/concepts/services-networking/ingress/#examples
            "--providers.kubernetesingress.strictprefixmatching=true",
            "--providers.providersthrottleduration=100ms",
            # One connection per request, so that the kernel chooses an endpoint for each.
            "--serverstransport.maxidleconnsperhost=-1",
        ],
        "ports": [
            {"name": "web", "containerPort": WEB_PORT},
            {"name": "ping", "containerPort": PING_PORT},
        ],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": "ping"}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }
    pod = add_on_pod(NAME, container, terminationGracePeriodSeconds=0)
    return workload("Deployment", NAME, NAMESPACE, LABELS, pod)


def _service() -> dict[str, Any]:
    ports = [{"name": name, "port": port, "targetPort": name} for name, port in (("web", 80), ("ping", PING_PORT))]
    return {
        **named("v1", "Service", NAME, NAMESPACE),
        "spec": {"type": "NodePort", "selector": LABELS, "ports": ports},
    }
