"""Updates of Deployments."""

from __future__ import annotations

from harness.kube.client import Kube

ANNOTATION = "io.kubeproof/revision"


def update_template(kube: Kube, namespace: str, deployment: str, revision: str | None) -> None:
    """Give the Deployment's pods another template, which differs in an annotation; None is the one without it."""
    annotations = {"metadata": {"annotations": {ANNOTATION: revision}}}
    kube.merge(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}", {"spec": {"template": annotations}})
